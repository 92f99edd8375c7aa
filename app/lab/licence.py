"""How far an animal has gone on a licence: its step and severity, from what was done with it."""

from collections.abc import Collection
from dataclasses import dataclass

UNTOUCHED, OPERATED, RESTRICTED = 1, 2, 3  # steps of the licence
MODERATE, NON_RECOVERY = 3, 5  # severities
ENDS_LIFE = frozenset({"a", "n"})  # outcomes of a surgery that an animal does not outlive


@dataclass(frozen=True)
class Facts:
    """What was done with one animal."""

    outcomes: Collection[str] = ()  # of its surgeries
    is_restricted: bool = False
    was_restricted: bool = False
    is_dead: bool = False


def step(rule: str, facts: Facts) -> int | None:
    """Return the step under a lab's rule: "now", "ever", or None when people set it by hand."""
    if rule == "by hand":
        return None
    restricted = facts.is_restricted or (rule == "ever" and facts.was_restricted)
    if restricted:
        return RESTRICTED
    return OPERATED if facts.outcomes else UNTOUCHED


def severity(known: int | None, facts: Facts) -> int | None:
    """Return the cumulative severity: what people judged, raised by what was done, never lowered.

    A surgery is at least moderate. An animal that did not wake from the only thing that was ever
    done with it is "non-recovery", a category of its own.
    """
    if not facts.outcomes:
        return known
    ended = facts.is_dead and set(facts.outcomes) <= ENDS_LIFE
    if ended and len(facts.outcomes) == 1 and not facts.was_restricted:
        return known if known is not None and known > MODERATE else NON_RECOVERY
    return max(known or MODERATE, MODERATE)
