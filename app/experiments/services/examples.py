"""Installing the worked experiments in a project."""

import json
from dataclasses import dataclass
from pathlib import Path

from accounts.models import Project, User
from experiments.examples import synthesis
from experiments.models import Revision
from experiments.services import assets, links, protocols, stimuli
from experiments.services.stimuli import New

FOLDER = Path(__file__).resolve().parents[1] / "examples"
NAMES = ("melodies", "stroop")
COLLECTION = "example-melodies"


@dataclass(frozen=True)
class Installed:
    """An example, published, and the token of a new open link to it."""

    revision: Revision
    token: str


def install(*, project: Project, by: User) -> list[Installed]:
    """Publish the examples, with the sounds that they need; done again, nothing is there twice."""
    stimuli.bring(project=project, collection=COLLECTION, by=by, stimuli=_melodies())
    return [_published(name, project, by) for name in NAMES]


def _melodies() -> list[New]:
    return [
        New(melody.name, assets.keep(synthesis.sound(melody), media_type="audio/wav"), "",
            melody.tags)
        for melody in synthesis.melodies()
    ]  # fmt: skip


def _published(name: str, project: Project, by: User) -> Installed:
    words = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    protocol = protocols.write(project=project, by=by, words=words)
    revision = protocols.freeze(protocol=protocol, by=by)
    protocols.publish(revision=revision, by=by)
    return Installed(revision, links.make(protocol=protocol, by=by, label="Example").token)
