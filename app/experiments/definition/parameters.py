"""What jsPsych's plugins take: a timeline is held against it before it is frozen.

jsPsych passes over a parameter that it does not know, and stops at one that is missing, in front
of a participant. ``plugin_parameters.json`` is made of the installed packages; a test keeps it so.
"""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.definition.plugins import ALL, EXCHANGE
from experiments.definition.protocol import Protocol, steps_of
from experiments.definition.steps import Step
from experiments.errors import NotAProtocol

TEXTS = {"STRING", "HTML_STRING", "KEY", "IMAGE", "AUDIO", "VIDEO"}
NUMBERS = {"INT", "FLOAT"}
FUNCTION = {"type": "FUNCTION"}
ANYTHING = {"type": "ANY"}
# What jsPsych itself takes: for each trial, and for each timeline.
OF_TRIALS: Mapping[str, Any] = {
    "type": ANYTHING,
    "data": {"type": "OBJECT"},
    "on_start": FUNCTION,
    "on_load": FUNCTION,
    "on_finish": FUNCTION,
    "post_trial_gap": {"type": "INT"},
    "css_classes": ANYTHING,
    "save_trial_parameters": {"type": "OBJECT"},
    "save_timeline_variables": ANYTHING,
    "simulation_options": ANYTHING,
    "extensions": {"type": "OBJECT", "list": True},
    "record_data": {"type": "BOOL"},
}
OF_TIMELINES: Mapping[str, Any] = {
    "timeline": ANYTHING,
    "timeline_variables": ANYTHING,
    "name": {"type": "STRING"},
    "repetitions": {"type": "INT"},
    "loop_function": FUNCTION,
    "conditional_function": FUNCTION,
    "randomize_order": {"type": "BOOL"},
    "sample": {"type": "OBJECT"},
    "on_timeline_start": FUNCTION,
    "on_timeline_finish": FUNCTION,
}
OF_OURS: Mapping[str, Mapping[str, Any]] = {
    EXCHANGE: {
        "prompt": {"type": "HTML_STRING"},
        "choices": {"type": "STRING", "list": True},
        "value": ANYTHING,
        "waiting": {"type": "STRING"},
        "wait_s": {"type": "INT"},
        "key": {"type": "STRING"},
    }
}
Fault = tuple[str, str]
Node = Mapping[str, Any]


@lru_cache(maxsize=1)
def table() -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters of each plugin, by its name and theirs."""
    file = Path(__file__).with_name("plugin_parameters.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def takes(kind: str) -> Mapping[str, Any]:
    """Return the parameters of a plugin, jsPsych's or ours."""
    return OF_OURS.get(kind) or table()[kind]


def check(protocol: Protocol) -> None:
    """Refuse parameters that the plugins of a protocol's tasks do not take.

    Raises
    ------
    NotAProtocol
        It names the step, the plugin and the parameter of each.
    """
    found = [
        NotAProtocol(at, f"In the step {step.name!r}, {what}")
        for where, step in steps_of(protocol.flow)
        for at, what in _of_step(where, step)
    ]
    if found:
        raise found[0].along_with(found[1:])


def _of_step(where: str, step: Step) -> Iterator[Fault]:
    if step.timeline:
        yield from _of_nodes(step.timeline.nodes, f"{where}.timeline", {})


def _of_nodes(nodes: Any, path: str, around: Node) -> Iterator[Fault]:
    """Go through a timeline; ``around`` is what the timelines around it say for all of it."""
    for number, node in enumerate(nodes):
        where, whole = f"{path}[{number}]", {**around, **node}
        if "timeline" in node:
            yield from _of_timeline(node, where, whole)
            inherited = {name: each for name, each in whole.items() if name not in OF_TIMELINES}
            yield from _of_nodes(node["timeline"], f"{where}.timeline", inherited)
        else:
            yield from _of_trial(node, where, whole)


def _of_timeline(node: Node, where: str, whole: Node) -> Iterator[Fault]:
    """Say what none of the plugins inside takes; each trial says itself what is of a wrong type."""
    inside = _kinds(node, whole.get("type"))
    known = {**OF_TIMELINES, **OF_TRIALS}
    for kind in inside:
        known |= takes(kind)
    who = f"neither a timeline nor {' nor '.join(sorted(inside)) or 'a trial'}"
    for name, value in node.items():
        if name not in known:
            yield f"{where}.{name}", _unknown(name, who, known)
        elif name in OF_TIMELINES:
            yield from _of_value(value, OF_TIMELINES[name], f"{where}.{name}", name, "a timeline")


def _kinds(node: Node, kind: Any) -> set[str]:
    """Return the plugins of all trials in a node; all there are, where a variable decides."""
    own = node.get("type", kind)
    if "timeline" in node:
        return {each for inner in node["timeline"] for each in _kinds(inner, own)}
    return {own} if isinstance(own, str) else {*ALL}


def _of_trial(node: Node, where: str, whole: Node) -> Iterator[Fault]:
    kind = whole.get("type")
    if not isinstance(kind, str):
        return  # a variable says which plugin it is
    own = takes(kind)
    known = {**OF_TRIALS, **own}
    for name in node.keys() - known:
        yield f"{where}.{name}", _unknown(name, kind, known)
    for name, says in known.items():
        if name in whole:
            yield from _of_value(whole[name], says, f"{where}.{name}", name, kind)
        elif says.get("needed"):
            yield f"{where}.{name}", f"{kind} needs the parameter {name!r}."


def _unknown(name: str, who: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]!r}?" if near else f" It knows: {', '.join(sorted(known))}."
    is_several = who.startswith("neither")
    takes = f"{who} has a parameter" if is_several else f"{who} has no parameter"
    return f"{takes} {name[:60]!r}.{meant}"


def _of_value(value: Any, says: Node, where: str, name: str, who: str) -> Iterator[Fault]:
    if value is None or (isinstance(value, Mapping) and value.keys() & {"$fn", "$var"}):
        return
    wanted = _wanted(value, says)
    if wanted:
        yield where, f"the parameter {name!r} of {who} is {wanted}, not {_short(value)}."
    elif says.get("nested"):
        for number, part in enumerate(value if says.get("list") else [value]):
            yield from _of_part(part, says["nested"], f"{where}[{number}]", name, who)


def _of_part(part: Any, known: Node, where: str, name: str, who: str) -> Iterator[Fault]:
    """Hold one of several objects in a parameter, such as a question, against what it takes."""
    if not isinstance(part, Mapping):
        yield where, f"each of {name!r} of {who} is an object, not {_short(part)}."
        return
    if part.keys() & {"$fn", "$var"}:
        return
    for inner in part.keys() - known:
        yield f"{where}.{inner}", _unknown(inner, f"{name!r} of {who}", known)
    for inner, says in known.items():
        if inner in part:
            yield from _of_value(part[inner], says, f"{where}.{inner}", inner, f"{name!r} of {who}")
        elif says.get("needed"):
            yield f"{where}.{inner}", f"each of {name!r} of {who} needs {inner!r}."


def _wanted(value: Any, says: Node) -> str:
    """Return what a parameter should be, in words, where its value is something else."""
    kind, is_number = says["type"], isinstance(value, int | float) and not isinstance(value, bool)
    if says.get("list"):
        return "" if isinstance(value, list) else "a list"
    fits = {
        "a text": kind not in TEXTS or isinstance(value, str),
        "a key, or a list of keys": kind != "KEYS" or isinstance(value, str | list),
        "true or false": kind != "BOOL" or isinstance(value, bool),
        "a number": kind not in NUMBERS or is_number,
        'a function: {"$fn": …}': kind != "FUNCTION",
        f"one of {', '.join(map(str, says.get('options', [])))}":
            kind != "SELECT" or value in says.get("options", []),
        "an object": kind != "OBJECT" or isinstance(value, Mapping),
    }  # fmt: skip
    return next((words for words, is_so in fits.items() if not is_so), "")


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:40]
