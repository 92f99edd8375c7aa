"""Making and revoking links, and finding what one leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.keys import digest, new_link
from accounts.models import Project, User
from common.errors import NotThere
from experiments.errors import (
    LinkLeadsNowhere,
    LinkUsed,
    NoSuchParticipant,
    NotAWindow,
    NothingPublished,
    NotOpen,
    TooLongALabel,
    TooManyLinks,
)
from experiments.models import Link, Protocol, Revision
from runs.models import Participant

MOST_AT_ONCE = 10_000
LONGEST_LABEL, LONGEST_GROUP = 200, 100


@dataclass(frozen=True)
class Made:
    """A new link, and its token, which is shown this once."""

    link: Link
    token: str


@dataclass(frozen=True)
class Wish:
    """One link of many. ``participant`` is a pseudonym; a personal link without one makes one."""

    participant: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def make(*, protocol: Protocol, by: User, kind: str = Link.Kind.OPEN, **values: Any) -> Made:
    """Make a link; ``values`` are its window, its label, its participant, its number of uses."""
    [made] = make_many(protocol=protocol, by=by, kind=kind, wishes=[Wish(values=values)])
    return made


@transaction.atomic
def make_many(
    *, protocol: Protocol, by: User, wishes: Sequence[Wish], kind: str = Link.Kind.OPEN
) -> list[Made]:
    """Make links, all or none, by a fixed number of questions.

    Raises
    ------
    TooManyLinks, NoSuchParticipant, NotAWindow, TooLongALabel
        It is more than is made at once, or a pseudonym is nobody's, or a window ends before it
        begins; nothing was made.
    """
    if not Project.objects.editable_by(by).filter(pk=protocol.project_id).exists():
        raise NotThere
    if len(wishes) > MOST_AT_ONCE:
        raise TooManyLinks(f"At most {MOST_AT_ONCE:,} links are made at once.")
    people = _people(protocol.project, kind, wishes)
    made = [_new(protocol, kind, wish, who) for wish, who in zip(wishes, people, strict=True)]
    Link.objects.bulk_create(one.link for one in made)
    audit.record_all(user=by, told=[("link.created", one.link, {}) for one in made])
    return made


def _new(protocol: Protocol, kind: str, wish: Wish, who: Participant | None) -> Made:
    token = new_link()
    values: dict[str, Any] = {"participant": who} | dict(wish.values)
    if kind == Link.Kind.SINGLE:
        values["most_uses"] = 1
    link = Link(protocol=protocol, kind=kind, digest=digest(token), **values)
    if link.opens_at and link.closes_at and link.closes_at <= link.opens_at:
        raise NotAWindow
    if len(link.label) > LONGEST_LABEL or len(link.group) > LONGEST_GROUP:
        raise TooLongALabel
    if link.recruiter and link.recruiter.protocol_id != protocol.pk:
        raise NotThere
    return Made(link, token)


def _people(project: Project, kind: str, wishes: Sequence[Wish]) -> list[Participant | None]:
    """Return the participant of each wish: by pseudonym, or a new one where a link needs one."""
    names = {wish.participant for wish in wishes if wish.participant}
    found = Participant.objects.filter(project=project, pseudonym__in=names)
    known = {who.pseudonym: who for who in found}
    if names - set(known):
        raise NoSuchParticipant(f"Nobody is called {', '.join(sorted(names - set(known))[:5])}.")
    needed = kind == Link.Kind.PERSONAL
    people = [
        known[wish.participant] if wish.participant
        else Participant(project=project) if needed and not wish.values.get("participant")
        else None
        for wish in wishes
    ]  # fmt: skip
    Participant.objects.bulk_create(who for who in people if who and who.pseudonym not in known)
    return people


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
    link = known(token)
    need_usable(link)
    return link


def known(token: str) -> Link:
    """Return the link of a token, be it used up or closed by now.

    Raises
    ------
    LinkLeadsNowhere
        There is none, or it was revoked.
    """
    rows = Link.objects.select_related("protocol__project", "revision", "participant", "recruiter")
    link: Link | None = rows.filter(digest=digest(token), revoked_at=None).first()
    if link is None:
        raise LinkLeadsNowhere
    return link


def need_usable(link: Link) -> None:
    """Raise NotOpen or LinkUsed unless a run may begin by this link now."""
    at = now()
    if (link.opens_at and link.opens_at > at) or (link.closes_at and link.closes_at <= at):
        raise NotOpen
    if link.most_uses is not None and link.uses >= link.most_uses:
        raise LinkUsed


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
