"""Opening a link: beginning a run, or going on with the one that it began."""

import hmac
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction

from accounts.keys import digest
from experiments.definition.recruiters import Came
from experiments.errors import BegunElsewhere
from experiments.models import Link, Revision, Sitting
from experiments.services import links, recruiting
from experiments.services.sittings import begin
from runs.models import Run
from runs.services import runs
from runs.services.runs import Begun


@dataclass(frozen=True)
class Comer:
    """Who opens a link: what its address says besides, and the run that the browser has kept."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    kept: str = ""


NOBODY = Comer()


@dataclass(frozen=True)
class Door:
    """What a link offers at the moment: it is new to somebody, or it has a run of theirs."""

    link: Link
    earlier: Run | None = None

    @property
    def goes_on(self) -> bool:
        return self.earlier is not None and self.earlier.is_open


def look(*, token: str, comer: Comer = NOBODY) -> Door:
    """Return what is behind a link. Looking uses nothing up.

    Raises
    ------
    LinkLeadsNowhere, NotOpen, LinkUsed, OnlyALook, WithoutName, NotTheStudy, BegunElsewhere
        Nobody can begin by it, and nobody has a run by it.
    """
    link = links.known(token)
    found = recruiting.said_by(link, comer.parameters)
    earlier = _arrived(link, found, comer) if found else _run_of(link)
    if earlier is None:
        links.need_usable(link)
    return Door(link, earlier)


def _arrived(link: Link, found: Came, comer: Comer) -> Run | None:
    """Return the run of a submission; ids that can be guessed open it in its own browser alone."""
    arrival = recruiting.arrived(link, found)
    if arrival is None:
        return None
    is_here = arrival.run.key_digest == digest(comer.kept)
    if link.resumes == Link.Resume.LINK or (link.resumes == Link.Resume.BROWSER and is_here):
        return arrival.run
    raise BegunElsewhere


def _run_of(link: Link) -> Run | None:
    """Return the run with which the link goes on: the open one, else the last where it is used."""
    if link.resumes != Link.Resume.LINK:
        return None
    rows = Sitting.objects.filter(link=link).select_related("run").order_by("-run__created_at")
    last: Sitting | None = rows.first()
    if last is None:
        return None
    used_up = link.most_uses is not None and link.uses >= link.most_uses
    return last.run if last.run.is_open or used_up else None


@transaction.atomic
def enter(*, token: str, comer: Comer = NOBODY, press: str = "") -> Begun:
    """Begin a run by a link, or go on with the one that is its own.

    ``press`` names one press of the button: sent again, because it was clicked twice or the reply
    was lost, it leads to the run that it began, and uses nothing more of the link.

    Raises
    ------
    LinkLeadsNowhere, NotOpen, LinkUsed, NothingPublished, OnlyALook, WithoutName, NotTheStudy,
    BegunElsewhere, TookPart
        Nobody can begin by it; nothing was begun.
    """
    Link.objects.select_for_update().filter(digest=digest(token)).first()  # a second click waits
    return _pressed_before(token, press) or _enter(token, comer, press)


def _pressed_before(token: str, press: str) -> Begun | None:
    """Return the run that a press of the button began; one that is over is not begun again."""
    key = _key(token, press)
    run = Run.objects.filter(key_digest=digest(key)).first() if press else None
    return Begun(run, key) if run and run.is_open else None


def _enter(token: str, comer: Comer, press: str) -> Begun:
    door = look(token=token, comer=comer)
    found = recruiting.said_by(door.link, comer.parameters)
    if door.earlier:
        is_kept = door.earlier.key_digest == digest(comer.kept)
        again = comer.kept if is_kept else _key_of(token, door.earlier.pk, found)
        return runs.open_again(run=door.earlier, key=again)
    pk = uuid.uuid4()
    goes_on = door.link.resumes == Link.Resume.LINK
    begun = begin(
        link=door.link,
        external=found.rest if found else comer.parameters,
        participant=recruiting.participant_of(door.link, found) if found else None,
        pk=pk,
        key=_key_of(token, pk, found) if goes_on else _new_key(token, press),
    )
    if found and door.link.recruiter:
        recruiting.note(recruiter=door.link.recruiter, link=door.link, found=found, run=begun.run)
    return begun


def _new_key(token: str, press: str) -> str:
    """Return the key of what a press begins; empty, which stands for chance, when it did before."""
    key = _key(token, press)
    is_new = press and not Run.objects.filter(key_digest=digest(key)).exists()
    return key if is_new else ""


def _key_of(token: str, run: uuid.UUID, found: Came | None) -> str:
    """Return the key that the same link makes again of its run.

    Where one link is for many, whoever it is that a recruiter sent has a part in it.
    """
    return _key(token, f"run {run} {found.submission if found else ''}")


def _key(token: str, what: str) -> str:
    """Return a key that the same link makes again, whatever secret key the site has by then."""
    secret = hmac.digest(token.encode(), f"experiments.begin {what}".encode(), "sha256")
    return urlsafe_b64encode(secret).decode().rstrip("=")


def revision_of(door: Door) -> Revision:
    """Return what is shown behind the link: what the run there follows, else what is published."""
    if door.earlier is None:
        return links.revision_of(door.link)
    found: Revision = Sitting.objects.select_related("revision").get(run=door.earlier).revision
    return found


def stays_in_browser(run: Run) -> bool:
    link = run.sitting.link
    return link is not None and link.resumes == Link.Resume.BROWSER


def begun_here(door: Door, key: str) -> str:
    """Return the key that a browser kept, if it opens a run of this link that still goes on."""
    if not key or door.link.resumes != Link.Resume.BROWSER or door.link.recruiter:
        return ""
    mine = Sitting.objects.filter(link=door.link, run__key_digest=digest(key))
    return key if mine.filter(run__status__in=Run.OPEN).exists() else ""
