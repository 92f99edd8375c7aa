"""What every service asks before it writes."""

from accounts import queries
from accounts.errors import LastAdmin, NotYourself, OperatorsOnly, RoleTooLow
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
