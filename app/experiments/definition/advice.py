"""What can be read and yet is worth a look, before somebody freezes it."""

from collections.abc import Iterator

from experiments.definition.items import Item
from experiments.definition.protocol import Protocol, answers_of, parts_of, steps_of
from experiments.definition.steps import Block, Condition, Several, Step, Test


def advice(protocol: Protocol) -> Iterator[str]:
    """Yield what is worth a look, each with its place."""
    yield from _unused(protocol)
    yield from _unasked(protocol)
    steps = list(steps_of(protocol.flow))
    if steps[-1][1].kind != "end":
        yield "flow: The last step is no end page, so nobody is thanked."
    if not any(step.kind == "consent" for _, step in steps):
        yield "flow: Nobody is asked for consent."


def _unused(protocol: Protocol) -> Iterator[str]:
    steps = [step for _, step in steps_of(protocol.flow)]
    shown = {step.page for step in steps}
    shared = {name for bank in protocol.banks.values() for name in bank.pages}
    for page in sorted(protocol.pages.keys() - shown - shared):
        yield f"pages.{page}: No step shows this page."
    asked = {name for page in protocol.pages.values() for name in page.items}
    has_tasks = any(step.kind == "trial" for step in steps)
    items = {name for bank in protocol.banks.values() for name in bank.items}
    for item in sorted(protocol.items.keys() - asked - items):
        if not has_tasks:  # a task may report it by its name
            yield f"items.{item}: No page has this item."


def _unasked(protocol: Protocol) -> Iterator[str]:
    """Say where a condition waits for an answer that nothing gives."""
    known = {name for item in protocol.items.values() for name in (item.name, item.other_name)}
    steps = [step for _, step in steps_of(protocol.flow)]
    known |= {step.identity.age_as for step in steps}
    known |= {name for step in steps for name, _, _ in answers_of(step, protocol.group)}
    reports = any(step.kind == "trial" or step.record for step in steps)
    for part in parts_of(protocol.flow):
        for test in _tests(part.condition):
            if test.item in protocol.items:
                yield from _impossible(part, test, protocol.items[test.item])
            elif test.item not in known and not reports:
                yield f"{part.name}.if: Nothing answers {test.item!r}, so this waits in vain."


def _impossible(part: Step | Block, test: Test, item: Item) -> Iterator[str]:
    codes = [option.code for option in item.scale.options]
    wanted = test.value if isinstance(test.value, list) else [test.value]
    if item.kind not in {"choice", "choices"} or test.comparison not in {"=", "≠", "in"}:
        return
    for value in wanted:
        if value not in codes:
            yield f"{part.name}.if: {item.name!r} has no option with the code {value!r}."


def _tests(condition: Condition | None) -> Iterator[Test]:
    if isinstance(condition, Several):
        for part in condition.parts:
            yield from _tests(part)
    elif isinstance(condition, Test):
        yield condition
