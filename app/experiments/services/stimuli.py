"""Stimuli: bringing them in with their tags, putting them away, freezing them for a protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import Project, User
from common.errors import NotThere
from experiments import storage
from experiments.definition.protocol import Collection
from experiments.definition.reading import is_name
from experiments.errors import NotStimuli
from experiments.models import Asset, Stimulus, Tag
from experiments.scripting import told
from experiments.services import assets

TagValue = float | str | bool
LONGEST_TEXT, LONGEST_NAME, LONGEST_TAG = 20_000, 200, 500


@dataclass(frozen=True)
class New:
    """A stimulus as it is brought in: a stored file, or a text; and its tags."""

    name: str
    asset: Asset | None = None
    text: str = ""
    tags: Mapping[str, TagValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Brought:
    """What became of what was brought: new ones, and known ones that have changed or not."""

    new: int
    changed: int
    same: int


@transaction.atomic
def bring(*, project: Project, collection: str, by: User, stimuli: list[New]) -> Brought:
    """Keep stimuli in a collection, all or none; a name that is known gets this content and tags.

    Raises
    ------
    NotStimuli
        A name or a tag cannot be kept; nothing is.
    """
    if not Project.objects.editable_by(by).filter(pk=project.pk).exists():
        raise NotThere
    _are_sound(collection, stimuli)
    known = _known(project, collection)
    before = {name: _facts(stimulus) for name, stimulus in known.items()}
    for new in stimuli:
        if before.get(new.name) != (new.asset.pk if new.asset else None, new.text, dict(new.tags)):
            _keep(project, collection, known.get(new.name), new)
    counts = _counted(before, stimuli)
    change = {"collection": collection, "new": counts.new, "changed": counts.changed}
    audit.record(action="stimuli.brought", user=by, on=project, changes=change)
    return counts


def _counted(before: Mapping[str, Any], stimuli: list[New]) -> Brought:
    known = [new for new in stimuli if new.name in before]
    same = [
        new
        for new in known
        if before[new.name] == (new.asset.pk if new.asset else None, new.text, dict(new.tags))
    ]
    return Brought(len(stimuli) - len(known), len(known) - len(same), len(same))  # fmt: skip


def _known(project: Project, collection: str) -> dict[str, Stimulus]:
    rows = Stimulus.objects.filter(project=project, collection=collection)
    return {row.name: row for row in rows.prefetch_related("tags")}


def _facts(stimulus: Stimulus) -> tuple[str | None, str, dict[str, Any]]:
    if stimulus.archived_at:
        return (None, "", {})  # brought again, it is back
    return stimulus.asset_id, stimulus.text, tags_of(stimulus)


def tags_of(stimulus: Stimulus) -> dict[str, Any]:
    return {tag.name: tag.value for tag in stimulus.tags.all()}


def _keep(project: Project, collection: str, known: Stimulus | None, new: New) -> None:
    stimulus = known or Stimulus(project=project, collection=collection, name=new.name)
    stimulus.asset, stimulus.text, stimulus.archived_at = new.asset, new.text, None
    stimulus.save()
    if known:
        Tag.objects.filter(stimulus=stimulus).delete()
    Tag.objects.bulk_create(_tag(stimulus, name, value) for name, value in new.tags.items())


def _tag(stimulus: Stimulus, name: str, value: TagValue) -> Tag:
    if isinstance(value, bool):
        return Tag(stimulus=stimulus, name=name, kind=Tag.Kind.TRUTH, number=float(value))
    if isinstance(value, str):
        return Tag(stimulus=stimulus, name=name, kind=Tag.Kind.TEXT, text=value)
    return Tag(stimulus=stimulus, name=name, kind=Tag.Kind.NUMBER, number=float(value))


def _are_sound(collection: str, stimuli: list[New]) -> None:
    if not is_name(collection):
        raise NotStimuli(f"{collection[:40]!r} is no name for a collection.")
    seen: set[str] = set()
    for new in stimuli:
        _is_sound(new)
        if new.name in seen:
            raise NotStimuli(f"{new.name!r} is there twice.")
        seen.add(new.name)


def _is_sound(new: New) -> None:
    texts = {"name": (new.name, LONGEST_NAME), "text": (new.text, LONGEST_TEXT)}
    texts |= {f"tag {name}": (value, LONGEST_TAG) for name, value in new.tags.items()
              if isinstance(value, str)}  # fmt: skip
    for what, (text, longest) in texts.items():
        if len(text) > longest or "\0" in text:
            raise NotStimuli(f"{new.name[:40]!r}: its {what} is longer than {longest:,}.")
    if not new.name or bool(new.asset) == bool(new.text):
        raise NotStimuli(f"{new.name[:40]!r} needs a name, and a file or a text.")
    for name in new.tags:
        if not is_name(name):
            raise NotStimuli(f"{new.name[:40]!r}: {name[:40]!r} is no name for a tag.")


@transaction.atomic
def put_away(*, stimulus: Stimulus, by: User) -> None:
    """Take a stimulus out of its collection; protocols that were frozen with it keep it."""
    if not Stimulus.objects.editable_by(by).filter(pk=stimulus.pk).exists():
        raise NotThere
    Stimulus.objects.filter(pk=stimulus.pk, archived_at=None).update(archived_at=now())
    audit.record(action="stimulus.archived", user=by, on=stimulus)


def frozen(project: Project, collection: Collection) -> str:
    """Return the SHA-256 of the list of what is in a collection now; the list is kept.

    Raises
    ------
    NotStimuli
        The collection is empty, or the list that a protocol names is not here.
    """
    if collection.digest:
        if not Asset.objects.filter(pk=collection.digest).exists():
            raise NotStimuli(f"The list of stimuli {collection.digest[:12]} is not here.")
        return collection.digest
    rows = Stimulus.objects.filter(
        project=project, collection=collection.name, archived_at=None
    ).select_related("asset").prefetch_related("tags").order_by("name")  # fmt: skip
    listed = [told.row_of(_told(stimulus)) for stimulus in rows]
    if not listed:
        raise NotStimuli(f"The project has no stimuli in a collection {collection.name!r}.")
    content = json.dumps(listed, ensure_ascii=False, sort_keys=True).encode()
    return assets.keep(content, media_type="application/json").pk


def _told(stimulus: Stimulus) -> told.Stimulus:
    asset = stimulus.asset
    media_type, digest = (asset.media_type, asset.pk) if asset else ("text/plain", "")
    return told.Stimulus(stimulus.name, media_type, digest, stimulus.text, tags_of(stimulus))


def text_of(digest: str) -> str:
    """Return a stimulus that is a file of text."""
    return storage.here(digest).read_text(encoding="utf-8", errors="replace")


@lru_cache(maxsize=32)
def of_list(digest: str) -> Mapping[str, told.Stimulus]:
    """Return the stimuli of a frozen list by name; a list never changes, so it is read once."""
    rows = json.loads(storage.here(digest).read_text(encoding="utf-8"))
    return {stimulus.name: stimulus for stimulus in told.stimuli_of(rows)}


@lru_cache(maxsize=32)
def files_of(digest: str) -> Mapping[str, told.Stimulus]:
    """Return the stimuli of a frozen list by the hash of their file."""
    return {each.digest: each for each in of_list(digest).values() if each.digest}
