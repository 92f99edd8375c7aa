"""What every service asks before it writes."""

from accounts import queries
from accounts.errors import LastAdmin, LastOperator, NotYourself, OperatorsOnly, RoleTooLow
from accounts.models import Lab, Membership, User
from accounts.roles import Role, at_least, grantable, is_operator


def need_role(by: User, lab: Lab, role: Role) -> str:
    """Return the role of ``by`` in ``lab``, which is at least ``role``."""
    own = queries.role_of(by, lab)
    if own is None or not at_least(own, role):
        raise RoleTooLow
    return own


def need_operator(by: User) -> None:
    if not is_operator(by):
        raise OperatorsOnly


def need_equal(by: User, person: User) -> None:
    """Refuse to let an operator who is no superuser take over the account of one who is."""
    if person.is_superuser and not by.is_superuser:
        raise OperatorsOnly("Only a superuser of this site can do this to another one.")


def need_grant(by: User, lab: Lab, *roles: str) -> None:
    """Refuse unless ``by`` may give and take away every one of ``roles`` in ``lab``."""
    allowed = grantable(queries.role_of(by, lab))
    if not set(roles) <= set(allowed):
        raise RoleTooLow


def need_another(by: User, person: User) -> None:
    if by.pk == person.pk:
        raise NotYourself


def keep_an_admin(membership: Membership) -> None:
    """Lock the lab, so that two admins cannot dismiss each other, and refuse to lose the last."""
    Lab.objects.select_for_update().get(pk=membership.lab_id)
    is_admin = Membership.objects.filter(pk=membership.pk, role=Role.ADMIN).exists()
    if is_admin and not queries.other_admins(membership):
        raise LastAdmin


def keep_an_operator(person: User, by: User) -> None:
    """Lock the operators, so that two cannot close each other's accounts, and keep one who gets in.

    The locks are waited for and the rows read afterwards: whoever was slower sees what the quicker
    one did. A superuser can be replaced by a superuser alone.
    """
    operators = list(
        User.objects.select_for_update(no_key=True)
        .filter(is_staff=True, is_active=True)
        .order_by("pk")
    )
    if is_operator(by) and by.pk not in {each.pk for each in operators}:
        raise OperatorsOnly
    closed = next((each for each in operators if each.pk == person.pk), None)
    others = [each for each in operators if each.pk != person.pk and each.can_sign_in]
    if closed and closed.can_sign_in and not any(_stands_in(each, closed) for each in others):
        raise LastOperator


def _stands_in(other: User, person: User) -> bool:
    return other.is_superuser or not person.is_superuser
