"""The columns of this area's lists."""

from datetime import UTC, datetime

from django.db.models import Case, CharField, Count, IntegerField, Value, When
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim

from accounts.models import Membership
from accounts.roles import Role
from common.lists import Column, Table, moment, number

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # sorts those who never came before everybody
FULL_NAME = Trim(Concat("user__first_name", Value(" "), "user__last_name"))
SHOWN_NAME = Lower(
    Coalesce(NullIf(FULL_NAME, Value("")), "user__username"), output_field=CharField()
)
POWER = Case(
    *[When(role=role, then=role.power) for role in Role], default=0, output_field=IntegerField()
)


def state_of(membership: Membership) -> str:
    """Return in a word how somebody signs in."""
    if not membership.user.is_active:
        return "closed"
    if not membership.user.has_usable_password():
        return "invited"
    factor: bool = getattr(membership, "has_second_factor", False)
    return "two steps" if factor else "password alone"


PROJECTS = Table(
    [
        Column(
            name="name", label="Project", order=Lower("name"), value=lambda row: row.name,
            is_fixed=True,
        ),
        Column(name="lab", label="Lab", order=Lower("lab__name"), value=lambda row: row.lab.name),
        Column(name="visibility", label="Seen by", value=lambda row: row.visibility),
        Column(
            name="members", label="Members", order=Count("members", distinct=True), read=number,
            value=lambda row: row.member_count, is_number=True,
        ),
        Column(
            name="started", label="Since", order="created_at", read=moment,
            value=lambda row: row.created_at,
        ),
        Column(
            name="description", label="Description", value=lambda row: row.description,
            is_shown=False,
        ),
        Column(name="slug", label="Short name", value=lambda row: row.slug, is_shown=False),
    ]
)  # fmt: skip

PEOPLE = Table(
    [
        Column(
            name="person", label="Person", order=SHOWN_NAME, value=lambda row: str(row.user),
            is_fixed=True,
        ),
        Column(
            name="username", label="User name", order=Lower("user__username"),
            value=lambda row: row.user.username, is_shown=False,
        ),
        Column(name="role", label="Role", order=POWER, read=number, value=lambda row: row.role),
        Column(
            name="email", label="E-mail", order=Lower("user__email"),
            value=lambda row: row.user.email,
        ),
        Column(
            name="joined", label="Joined", order="joined_at", read=moment,
            value=lambda row: row.joined_at,
        ),
        Column(name="state", label="State", value=state_of),
        Column(
            name="signed_in", label="Last signed in", read=moment,
            order=Coalesce("user__last_login", Value(LONG_AGO)),
            value=lambda row: row.user.last_login,
        ),
    ]
)  # fmt: skip
FOR_LEADERS = ("state", "signed_in")


def people(*, leads: bool) -> Table:
    """Return what somebody may see of a lab's people."""
    return PEOPLE if leads else PEOPLE.without(*FOR_LEADERS)
