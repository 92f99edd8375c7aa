"""A task's timeline: jsPsych's own description as JSON, or a module that makes one.

In JSON an object with one of these names stands for what JSON cannot hold: ``$fn`` a function of
the runner with its arguments, ``$var`` a timeline variable. ``stimulus:NAME`` is its address.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from experiments.definition.plugins import ALL, FUNCTIONS
from experiments.definition.reading import Place

DEEPEST = 20
DEEPEST_VALUE = 60
MOST_NODES = 20_000
LONGEST_MODULE = 1_000_000
ANY = ""  # stands for the plugins that a step lists, where these are not known
VARIABLE = "$var"  # stands for the plugin that a timeline variable names
OPTIONS = ("case_sensitive_responses", "default_iti", "experiment_width", "minimum_valid_rt")


@dataclass(frozen=True)
class Module:
    """JavaScript that makes a timeline. Its hash is its address."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Timeline:
    """What a task runs: ``nodes``, or what ``module`` makes; and the plugins that it needs."""

    nodes: tuple[Any, ...] = ()
    module: str = ""
    plugins: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()


class NoTimeline(ValueError):
    """What was written is no timeline; ``where`` is the place in it."""

    def __init__(self, where: str, what: str) -> None:
        self.where, self.what = where, what
        super().__init__(f"{where}: {what}")


def read_module(name: str, place: Place) -> Module:
    module = Module(name, place.text("text", longest=LONGEST_MODULE))
    if place.text("sha256", module.digest, longest=64) != module.digest:
        raise place.fault("sha256", "The text has another hash: it was changed on the way.")
    place.done()
    return module


def read_timeline(place: Place) -> Timeline | None:
    """Return the timeline of a step; None where a function of the lab makes it."""
    nodes, module = place.take("timeline"), place.text("module", "", longest=100)
    given = place.names("plugins")
    for name in given:
        if name not in ALL:
            raise place.fault("plugins", f"There is no plugin {name[:60]!r} here.")
    media, options = place.names("media"), _options(place)
    if nodes and module:
        raise place.fault("module", "Write a timeline or a module, not both.")
    if not nodes and not module and not given:
        return None
    try:
        used = plugins_in(nodes or [], {*given})
    except NoTimeline as error:
        raise place.fault(error.where, error.what) from None
    return Timeline(tuple(nodes or ()), module, tuple(sorted(used)), media, options)


def _options(place: Place) -> tuple[tuple[str, Any], ...]:
    given = place.part("options")
    if given is None:
        return ()
    found = tuple((name, given.take(name)) for name in OPTIONS if given.has(name))
    given.done()
    return found


def plugins_in(nodes: Any, given: set[str] | None = None) -> set[str]:
    """Return the plugins that a timeline needs.

    Raises
    ------
    NoTimeline
        It names the place in the timeline and what is wrong there.
    """
    if not isinstance(nodes, list):
        raise NoTimeline("timeline", "Write a list here.")
    used = set(given or ())
    for count, (where, node, kind, known) in enumerate(_nodes(nodes, "timeline", "", frozenset())):
        if count > MOST_NODES:
            raise NoTimeline(where, f"At most {MOST_NODES:,} trials are written out.")
        _check_words(where, node, known)
        if kind == VARIABLE and not given:
            raise NoTimeline(f"{where}.type", "Say in the step's `plugins` which ones it may be.")
        if not kind and "timeline" not in node:
            raise NoTimeline(f"{where}.type", "Say which plugin shows this.")
        used |= {kind} - {VARIABLE, ""}
    return used


def nodes_of(made: Any) -> list[Any]:
    """Return what a function made as a list of nodes: it may return a single one."""
    return made if isinstance(made, list) else [made]


Found = tuple[str, dict[str, Any], str, frozenset[str]]


def _nodes(nodes: Any, path: str, kind: str, known: frozenset[str]) -> Iterator[Found]:
    """Yield every node with its place, its plugin and the variables that it knows."""
    if not isinstance(nodes, list):
        raise NoTimeline(path, "Write a list here.")
    if path.count("[") > DEEPEST:
        raise NoTimeline(path, f"Timelines lie at most {DEEPEST} deep.")
    for number, node in enumerate(nodes):
        where = f"{path}[{number}]"
        if not isinstance(node, dict):
            raise NoTimeline(where, "Write an object here.")
        own = _plugin(where, node, kind)
        names = known | _variables(where, node)
        yield where, node, own, names
        if "timeline" in node:
            yield from _nodes(node["timeline"], f"{where}.timeline", own, names)


def _plugin(where: str, node: dict[str, Any], inherited: str) -> str:
    kind = node.get("type", inherited)
    if isinstance(kind, dict) or ("type" not in node and inherited == VARIABLE):
        return VARIABLE
    if kind and kind not in ALL:
        raise NoTimeline(f"{where}.type", f"There is no plugin {str(kind)[:60]!r} here.")
    return str(kind)


def _variables(where: str, node: dict[str, Any]) -> frozenset[str]:
    rows = node.get("timeline_variables", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NoTimeline(f"{where}.timeline_variables", "Write a list of objects here.")
    return frozenset(name for row in rows for name in row)


def _check_words(where: str, node: dict[str, Any], known: frozenset[str]) -> None:
    for path, words in _objects({k: v for k, v in node.items() if k != "timeline"}, where):
        if "$fn" in words and words["$fn"] not in FUNCTIONS:
            some = ", ".join(FUNCTIONS)
            raise NoTimeline(path, f"There is no function {words['$fn']!r}. Known are: {some}.")
        if "$var" in words and words["$var"] not in known:
            raise NoTimeline(path, f"There is no timeline variable {words['$var']!r} here.")


def _objects(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    if depth > DEEPEST_VALUE:
        raise NoTimeline(path, f"Values lie at most {DEEPEST_VALUE} deep.")
    if isinstance(value, dict):
        yield path, value
        for name, each in value.items():
            yield from _objects(each, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _objects(each, f"{path}[{number}]", depth + 1)
