"""The versions of jsPsych and of its plugins with which a frozen protocol runs."""

import json
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings

from experiments.definition.plugins import OURS
from experiments.definition.protocol import Protocol, steps_of
from experiments.errors import CannotRun

CORE = "jspsych"
OWN = "studium-plugin-"


def pinned(read: Protocol) -> dict[str, str]:
    """Return the version of each browser library that a protocol's tasks run with.

    Raises
    ------
    CannotRun
        The protocol was frozen with other versions than this site serves.
    """
    found = {name: served()[name] for name in sorted(_used(read))}
    for name, version in read.libraries.items():
        if found.get(name, version) != version:
            raise CannotRun(
                f"The protocol was frozen with {name} {version}; this site serves {found[name]}.",
                remedy="Bring it to a site of the same release, or take `libraries` out of it.",
            )
    return found


def _used(read: Protocol) -> set[str]:
    """Return the packages; what a function's timeline uses is told by the rows it leads to."""
    tasks = [step for _, step in steps_of(read.flow) if step.kind == "trial"]
    plugins = {name for step in tasks if step.timeline for name in step.timeline.plugins}
    theirs, ours = plugins - OURS.keys(), plugins & OURS.keys()
    named = {*(f"@jspsych/plugin-{name}" for name in theirs), *(OWN + name for name in ours)}
    return {CORE, *named} if tasks else set()


@lru_cache(maxsize=1)
def served() -> Mapping[str, str]:
    """Return the versions that this release installs, by the names of their packages."""
    lock = json.loads((settings.PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    own = {OWN + name: version for name, version in OURS.items()}
    return own | {
        path.removeprefix("node_modules/"): package["version"]
        for path, package in lock["packages"].items()
        if path
    }
