"""Making and revoking links, and finding what one leads to."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.keys import digest, new_link
from accounts.models import Project, User
from common.errors import NotThere
from experiments.errors import LinkLeadsNowhere, LinkUsed, NothingPublished, NotOpen
from experiments.models import Link, Protocol, Revision


@dataclass(frozen=True)
class Made:
    """A new link, and its token, which is shown this once."""

    link: Link
    token: str


@transaction.atomic
def make(*, protocol: Protocol, by: User, kind: str = Link.Kind.OPEN, **values: Any) -> Made:
    """Make a link; ``values`` are its window, its label, its participant, its number of uses."""
    if not Project.objects.editable_by(by).filter(pk=protocol.project_id).exists():
        raise NotThere
    token = new_link()
    if kind == Link.Kind.SINGLE:
        values["most_uses"] = 1
    link = Link.objects.create(protocol=protocol, kind=kind, digest=digest(token), **values)
    audit.record(action="link.created", user=by, on=link)
    return Made(link, token)


@transaction.atomic
def revoke(*, link: Link, by: User) -> None:
    if not Project.objects.editable_by(by).filter(pk=link.project.pk).exists():
        raise NotThere
    Link.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now())
    audit.record(action="link.revoked", user=by, on=link)


def by_token(token: str) -> Link:
    """Return the link of a token that may be used now; looking at it uses nothing up.

    Raises
    ------
    LinkLeadsNowhere, NotOpen, LinkUsed
        There is none, or it is not its time, or it has been used.
    """
    rows = Link.objects.select_related("protocol__project", "revision", "participant")
    link: Link | None = rows.filter(digest=digest(token)).first()
    if link is None or link.revoked_at:
        raise LinkLeadsNowhere
    if not Link.objects.open_at(now()).filter(pk=link.pk).exists():
        raise NotOpen
    if link.most_uses is not None and link.uses >= link.most_uses:
        raise LinkUsed
    return link


def revision_of(link: Link) -> Revision:
    """Return what a link leads to: the revision that it names, else the published one.

    Raises
    ------
    NothingPublished
        There is none.
    """
    found = link.revision or Revision.objects.filter(protocol=link.protocol).published().first()
    if found is None:
        raise NothingPublished
    return found
