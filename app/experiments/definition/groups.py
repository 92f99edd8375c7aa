"""Groups: how many go together, how long one waits for the others, and what they do together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.definition.items import Option, read_option
from experiments.definition.reading import Place

WHEN_GONE = ("go-on", "wait", "end")
ORDERS = ("together", "in-turn")
LARGEST = 50
LONGEST_WAIT_S = 24 * 60 * 60
SHORTEST_GRACE_S = 10  # a browser that asks now and then must have time to ask
MOST_ROUNDS = 1_000
ACT, ROLE = "-act", "-role"  # behind the name of a step: answers besides how it went
TOGETHER, ALONE, OVER = "together", "alone", "over"
OUTCOMES = {TOGETHER: "With the group", ALONE: "Nobody came", OVER: "The group ended before"}

Rounds = list[dict[str, Any]]  # for each round what each seat did; None: nothing in time


@dataclass(frozen=True)
class Grouping:
    """Who belongs together. ``least`` are enough to begin, once somebody has waited ``lobby_s``.

    Whoever is silent for longer than ``grace_s`` is gone. ``when_gone`` says what follows: the
    others go on, or wait until the deadline of the step, or the group is over.
    """

    size: int
    least: int
    roles: tuple[str, ...] = ()
    lobby_s: int = 600
    wait_s: int = 300
    grace_s: int = 45
    when_gone: str = "go-on"


@dataclass(frozen=True)
class Together:
    """What is particular to one step: its own waiting, and what the members do in rounds."""

    wait_s: int | None = None
    when_gone: str = ""
    acts: tuple[Option, ...] = ()
    rounds: int = 1
    round_s: int = 60
    order: str = "together"


NOTHING_PARTICULAR = Together()


def read_grouping(place: Place | None) -> Grouping | None:
    if place is None:
        return None
    size = place.whole("size", least=2, most=LARGEST)
    if size is None:
        raise place.fault("size", "Say how many belong to a group.")
    grouping = Grouping(
        size=size,
        least=place.whole("least", least=1, most=size) or size,
        roles=place.names("roles"),
        lobby_s=_seconds(place, "lobby_s", 600),
        wait_s=_seconds(place, "wait_s", 300),
        grace_s=_seconds(place, "grace_s", 45, least=SHORTEST_GRACE_S),
        when_gone=place.one_of("when_gone", WHEN_GONE, "go-on"),
    )
    place.done()
    if grouping.roles and len(grouping.roles) != size:
        raise place.fault("roles", f"Name {size} roles, one for each member, or none.")
    return grouping


def _seconds(place: Place, name: str, default: int, *, least: int = 1) -> int:
    return place.whole(name, least=least, most=LONGEST_WAIT_S) or default


def read_together(place: Place | None) -> Together:
    if place is None:
        return NOTHING_PARTICULAR
    together = Together(
        wait_s=place.whole("wait_s", least=1, most=LONGEST_WAIT_S),
        when_gone=place.one_of("when_gone", ("", *WHEN_GONE), ""),
        acts=place.each("acts", read_option),
        rounds=place.whole("rounds", least=1, most=MOST_ROUNDS) or 1,
        round_s=_seconds(place, "round_s", 60),
        order=place.one_of("order", ORDERS, "together"),
    )
    place.done()
    if len({str(act.code) for act in together.acts}) < len(together.acts):
        raise place.fault("acts", "Two acts have the same code.")
    return together


def awaited(rounds: Rounds, seats: Collection[int], order: str) -> list[int]:
    """Return who may act now: all who have not in this round, or the first of them."""
    missing = [seat for seat in sorted(seats) if str(seat) not in rounds[-1]]
    return missing if order == "together" else missing[:1]


def with_act(rounds: Rounds, seats: Sequence[int], code: Any) -> Rounds:
    """Return the rounds with what these seats did; what was there already stays."""
    return [*rounds[:-1], dict.fromkeys(map(str, seats), code) | rounds[-1]]
