"""What this area has to tell on the home page: invitations that ran out, a lab to open, a key."""

from django.http import HttpRequest
from django.urls import reverse

from accounts import queries
from accounts.models import Lab, Membership, User
from accounts.roles import is_operator
from common.home import Need, Share

NAMED = 3


def share(request: HttpRequest) -> Share:
    user = request.user
    own = _own(user) if isinstance(user, User) and is_operator(user) else []
    return Share(needs=_invitations(list(queries.ran_out(user)[: NAMED + 1])) + own)


def _invitations(waiting: list[Membership]) -> list[Need]:
    named = [
        Need(
            title=f"The invitation of {membership.user} ran out",
            detail=f"{membership.lab}: their link to choose a password no longer works.",
            url=membership.url,
            verb="Make a new link",
        )
        for membership in waiting[:NAMED]
    ]
    more = Need(
        title="More invitations ran out", url=reverse("accounts:labs"), verb="Look at the labs"
    )
    return named + [more] * (len(waiting) > NAMED)


def _own(user: User) -> list[Need]:
    """Say what an operator has to set up first."""
    needs = []
    if not queries.has_second_factor(user):
        needs.append(
            Need(
                title="Your password alone opens this whole site",
                detail="You are an operator. Let signing in also ask for a code of your phone.",
                url=reverse("accounts:second-factor-on"),
                verb="Set up two steps",
            )
        )
    if not Lab.objects.exists():
        needs.append(
            Need(
                title="There is no lab yet",
                detail="A lab holds its people, with their roles, and its projects.",
                url=reverse("accounts:lab-create"),
                verb="Open a lab",
                tone="neutral",
            )
        )
    return needs
