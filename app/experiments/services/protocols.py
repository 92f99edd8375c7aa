"""Writing, freezing, publishing and retiring protocols."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from accounts import audit
from accounts.models import Project, User
from common.errors import NotThere
from experiments.definition import parameters
from experiments.definition.items import Item, hash_of
from experiments.definition.protocol import Protocol as Words
from experiments.definition.protocol import answers_of, read_protocol, steps_of
from experiments.errors import CannotRun
from experiments.models import Protocol, Revision
from experiments.services import banks, libraries, packages, stimuli
from runs import vault
from runs.models import Measure
from runs.models.answers import measure_id

ASKS_WHO = ("registration", "e-mail", "sign-in")
KINDS = {
    "choice": Measure.Kind.CHOICE,
    "choices": Measure.Kind.CHOICES,
    "number": Measure.Kind.NUMBER,
    "slider": Measure.Kind.NUMBER,
    "file": Measure.Kind.FILE,
    "recording": Measure.Kind.FILE,
}


@transaction.atomic
def write(*, project: Project, by: User, words: Any) -> Protocol:
    """Keep a protocol as the draft of its name; a name that is new makes a new one.

    Raises
    ------
    NotAProtocol
        It cannot be read; nothing is kept.
    """
    _need_editable(project, by)
    words = banks.pinned(project=project, by=by, words=words)
    read = read_protocol(banks.embedded(project, words))
    draft = {"title": read.title, "draft": words}
    protocol, is_new = Protocol.objects.update_or_create(
        project=project, name=read.name, defaults=draft
    )
    action = "protocol.created" if is_new else "protocol.changed"
    audit.record(action=action, user=by, on=protocol)
    return protocol


def _need_editable(project: Project, by: User) -> None:
    if not Project.objects.editable_by(by).filter(pk=project.pk).exists():
        raise NotThere


def freeze(*, protocol: Protocol, by: User) -> Revision:
    """Freeze the draft; a content that was frozen before is that revision again.

    Raises
    ------
    CannotRun
        A step needs something that the site does not have.
    NotAProtocol
        A task gives a plugin what it does not take.
    NotThisCode
        A function that it calls cannot be called like that.
    """
    _need_editable(protocol.project, by)
    words = Protocol.objects.values_list("draft", flat=True).get(pk=protocol.pk)
    draft = read_protocol(banks.embedded(protocol.project, words))
    _need_runnable(draft)
    return _freeze(protocol, by, _pinned(draft, protocol.project))


@transaction.atomic
def _freeze(protocol: Protocol, by: User, read: Words) -> Revision:
    protocol = Protocol.objects.select_for_update().get(pk=protocol.pk)
    known: Revision | None = protocol.revisions.filter(digest=read.digest).first()
    if known:
        return known
    last = protocol.revisions.aggregate(last=Max("number"))["last"] or 0
    revision: Revision = Revision.objects.create(
        protocol=protocol, number=last + 1, digest=read.digest, words=read.words, frozen_by=by
    )
    _register(revision, read)
    banks.remember(revision, read)
    audit.record(action="protocol.frozen", user=by, on=revision)
    return revision


def check(read: Words) -> None:
    """Refuse what could be read and could not be frozen here.

    Raises
    ------
    CannotRun, NotAProtocol, NotThisCode
        As freezing it would.
    """
    _need_runnable(read)
    pins = packages.pinned(read)
    packages.check(read_protocol({**read.words, "scripts": pins}) if pins else read)


def _need_runnable(read: Words) -> None:
    parameters.check(read)
    for where, step in steps_of(read.flow):
        if (step.kind in ASKS_WHO or step.consent.signature) and not vault.is_ready():
            raise CannotRun(
                f"{where}.kind: the site has no STUDIUM_IDENTITY_KEY to keep who somebody is.",
                remedy="Ask the people who run the site to set one, then freeze it again.",
            )


def _pinned(draft: Words, project: Project) -> Words:
    """Return a protocol with the hashes of all that it calls and of all that it draws from."""
    words, pins = dict(draft.words), packages.pinned(draft)
    words |= {"scripts": pins} if pins else {}
    versions = libraries.pinned(draft)
    words |= {"libraries": versions} if versions else {}
    if draft.stimuli:
        listed = stimuli.frozen(project, draft.stimuli)
        words["stimuli"] = {"collection": draft.stimuli.name, "digest": listed}
    read = read_protocol(words)
    packages.check(read)
    return read


def _register(revision: Revision, read: Words) -> None:
    """Write the codebook of what can be answered."""
    project = revision.protocol.project_id
    told = [*read.asked, *(_of_other(item) for item in read.asked if item.other)]
    measures = [
        Measure(
            pk=measure_id(project, revision.digest, item.name),
            project_id=project,
            design=revision.digest,
            name=item.name,
            label=item.text,
            kind=KINDS.get(item.kind, Measure.Kind.TEXT),
            unit=item.scale.unit,
            levels={str(option.code): option.label for option in item.scale.options},
            item=hash_of(item),
        )
        for item in told
    ]
    by_themselves = [
        *_of_groups(revision, read),
        *_ages(revision, read),
        *_of_tasks(revision, read),
    ]
    Measure.objects.bulk_create([*measures, *by_themselves], ignore_conflicts=True)


def _of_groups(revision: Revision, read: Words) -> Iterator[Measure]:
    """Yield what the steps of groups answer by themselves."""
    for _, step in steps_of(read.flow):
        for name, label, levels in answers_of(step, read.group):
            yield Measure(
                pk=measure_id(revision.protocol.project_id, revision.digest, name),
                project_id=revision.protocol.project_id,
                design=revision.digest,
                name=name,
                label=label,
                kind=Measure.Kind.CHOICE,
                levels=levels,
            )


def _of_tasks(revision: Revision, read: Words) -> Iterator[Measure]:
    """Yield what responses answer whose trials name no item: they are called as their step."""
    project = revision.protocol.project_id
    for _, step in steps_of(read.flow):
        if step.kind == "trial" and step.name not in read.items:
            yield Measure(
                pk=measure_id(project, revision.digest, step.name),
                project_id=project,
                design=revision.digest,
                name=step.name,
                label=step.title,
                kind=Measure.Kind.ANY,
            )


def _of_other(item: Item) -> Item:
    """Return what the text is an answer to that comes with "other"."""
    label = item.other.label if item.other else ""
    return Item(name=item.other_name, text=f"{item.text} ({label})", kind="text")


def _ages(revision: Revision, read: Words) -> Iterator[Measure]:
    """Yield what birth dates are counted into."""
    project = revision.protocol.project_id
    for name in {step.identity.age_as for _, step in steps_of(read.flow)} - {""}:
        yield Measure(
            pk=measure_id(project, revision.digest, name),
            project_id=project,
            design=revision.digest,
            name=name,
            label="Age at the run, in whole years",
            kind=Measure.Kind.NUMBER,
            unit="years",
        )


@transaction.atomic
def publish(*, revision: Revision, by: User) -> None:
    """Let links lead to this revision; the one before it is retired, and its runs go on."""
    _need_editable(revision.project, by)
    at = now()
    siblings = Revision.objects.filter(protocol=revision.protocol).exclude(pk=revision.pk)
    siblings.published().update(retired_at=at)
    Revision.objects.filter(pk=revision.pk).update(published_at=at, retired_at=None)
    audit.record(action="protocol.published", user=by, on=revision)


@transaction.atomic
def retire(*, revision: Revision, by: User) -> None:
    """Let no new run begin with this revision."""
    _need_editable(revision.project, by)
    Revision.objects.filter(pk=revision.pk, retired_at=None).update(retired_at=now())
    audit.record(action="protocol.retired", user=by, on=revision)
