"""A task in the browser: its trials are sent while it runs, and its items come after it."""

import json
from dataclasses import replace
from typing import Any

from django.templatetags.static import static
from django.urls import reverse

from experiments.definition.plugins import ALL, EXCHANGE, OURS, STYLING, global_of
from experiments.definition.timelines import ANY, Timeline, nodes_of, plugins_in
from experiments.queries.groups import company_of
from experiments.services import tasks
from experiments.services.groups.lobby import key_of
from experiments.views.steps import page, shown_stimulus
from experiments.views.steps.kind import Again, Kind, Shown

NOT_YET = "This part is not through, or not all of it is saved yet. It goes on here."


def show(shown: Shown) -> dict[str, Any]:
    visit, timeline = shown.turn.visit, _timeline(shown)
    state, rows = tasks.state_of(visit), tasks.rows_of(visit)
    theirs = [name for name in timeline.plugins if name not in OURS]
    setup = {
        "visit": str(visit.pk),
        "holder": shown.turn.holder,
        "address": _address(shown, "trials", visit.pk),
        "seed": f"{shown.turn.sitting.run.seed}:{visit.position}",
        "resume": shown.step.resume,
        "module": _module(shown, timeline),
        "nodes": shown_stimulus.addressed(shown, timeline.nodes),
        "stimuli": _stimuli(shown, timeline),
        "media": _media(shown, timeline),
        "options": dict(timeline.options),
        "plugins": {name: global_of(name) for name in theirs},
        "group": _group(shown) if EXCHANGE in timeline.plugins else None,
        "loads": max(state.loads, int(bool(rows))),  # rows prove a beginning that was not heard of
        "next_event": state.next_event,
        "block": state.block,
        "is_through": state.is_through,
        "rows": rows,
    }
    libraries = ["vendor/jspsych.min.js"]
    libraries += [f"vendor/jspsych/{name}.min.js" for name in theirs]
    return page.show(shown) | {
        "setup": setup,
        "libraries": [static(name) for name in libraries],
        "is_through": state.is_through,
        "policy": {"style-src-elem": INLINE} if _writes_styles(shown, timeline) else {},
    }


def _group(shown: Shown) -> dict[str, Any]:
    """Return who the member is and where its group exchanges; without a group it has no seat."""
    company = company_of(shown.turn.sitting.run_id)
    member = company.me if company and company.me.group_id else None
    return {
        "module": static("experiments/exchange.js"),
        "ask": reverse("experiments:group-ask", args=[shown.key]),
        "holder": shown.turn.holder,
        "seat": member.seat if member else None,
        "role": member.role if member else "",
        "step": key_of(shown.turn.visit),
    }


def _writes_styles(shown: Shown, timeline: Timeline) -> bool:
    """Say whether a task brings elements of style along, or may: its plugins, or its words."""
    if timeline.module or "timeline" in shown.turn.visit.content:
        return True
    return not STYLING.isdisjoint(timeline.plugins) or "<style" in json.dumps(timeline.nodes)


def _timeline(shown: Shown) -> Timeline:
    """Return what a lab's function made for this showing, else what the step says."""
    written = shown.step.timeline or Timeline()
    made = shown.turn.visit.content.get("timeline")
    if made is None:
        return written
    nodes = nodes_of(made)
    used = plugins_in(nodes, {ANY, *written.plugins}) & {*ALL}
    return Timeline(tuple(nodes), "", tuple(sorted(used)), written.media, written.options)


def _stimuli(shown: Shown, timeline: Timeline) -> dict[str, str]:
    """Return the addresses of the stimuli that the step lists: a module asks for them by name."""
    names = [name.removeprefix(shown_stimulus.NAMED) for name in timeline.media]
    return {name: shown_stimulus.addressed(shown, shown_stimulus.NAMED + name) for name in names}


def _media(shown: Shown, timeline: Timeline) -> list[tuple[str, str, str]]:
    """Return what is loaded before the task begins: each file's kind, address and name."""
    listed = [shown_stimulus.NAMED + name for name in _stimuli(shown, timeline)]
    found = shown_stimulus.named(shown, [*timeline.nodes, *listed])
    files = {one.digest: one for one in found}.values()
    return [
        (one.media_type.partition("/")[0], shown_stimulus.address(shown, one), one.name)
        for one in files
    ]


def _module(shown: Shown, timeline: Timeline) -> str:
    if not timeline.module:
        return ""
    module = shown.turn.sitting.revision.read.modules[timeline.module]
    return _address(shown, "module", module.digest)


def _address(shown: Shown, name: str, last: Any) -> str:
    match = shown.request.resolver_match
    return reverse(f"experiments:{name}", args=[match.kwargs["key"] if match else "", last])


def take(shown: Shown) -> Again | None:
    visit = shown.turn.visit
    state = None if visit.submitted_at else tasks.completed(visit)
    if visit.submitted_at is None and state is None:
        return Again(show(shown) | {"refused": NOT_YET}, status=409)
    began_at = state.began_at if state else None
    shown = replace(shown, turn=replace(shown.turn, started_at=began_at))
    again = page.take(shown)
    return Again(show(shown) | again.context, again.status) if again else None


# jsPsych's plugins, and those who write stimuli, put attributes of style into what they show: no
# hash can stand for all of them. Old browsers know no finer rule than style-src. No script gains.
INLINE = ["'self'", "'unsafe-inline'"]
POLICY = {
    "style-src": ["'unsafe-inline'"],
    "style-src-attr": ["'unsafe-inline'"],
    "style-src-elem": ["'self'"],
    "img-src": ["blob:", "data:"],
    "media-src": ["data:"],
}
KIND = Kind("trial", show, take, POLICY)
