"""``python -m fmriplan minutes``: participants for each length of scan, and the cheapest study."""

import argparse
from collections.abc import Iterator
from typing import Any

from fmriplan.minutes.effect import of_pilot
from fmriplan.minutes.study import Costs, Criterion, Limits, cheapest, iso_power

ROWS = 12


def add(commands: Any) -> None:
    parser = commands.add_parser("minutes", help="participants, or minutes of scanning for each?")
    parser.add_argument("--d", type=float, required=True, help="Cohen's d of the pilot")
    parser.add_argument("--pilot-minutes", type=float, required=True, help="of each participant")
    parser.add_argument("--within", type=float, default=0.5, help="share of scanner noise, 0 to 1")
    parser.add_argument("--gain", type=float, default=1.0, help="of the new design over the old")
    parser.add_argument("--power", type=float, default=0.8)
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--sides", type=int, default=1)
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--hour", type=float, default=500.0, help="cost of an hour of scanner")
    parser.add_argument("--recruit", type=float, default=50.0, help="cost of a participant")
    parser.add_argument("--setup", type=float, default=15.0, help="minutes paid, not scanned")
    parser.add_argument("--shortest", type=float, default=5.0, help="minutes")
    parser.add_argument("--longest", type=float, default=60.0, help="minutes")
    parser.add_argument("--step", type=float, default=1.0, help="minutes")
    parser.add_argument("--most", type=int, default=500, help="participants that can be had")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Iterator[str]:
    pilot = of_pilot(given.d, minutes=given.pilot_minutes, within_share=given.within)
    effect = pilot.with_design(given.gain)
    criterion = Criterion(given.alpha, given.sides, given.groups)
    costs = Costs(given.hour, given.recruit, given.setup)
    limits = Limits(given.most, given.shortest, given.longest, given.step)
    best = cheapest(effect, given.power, criterion, limits, costs)
    found = iso_power(effect, given.power, criterion, limits, costs)
    for at in range(0, len(found.minutes), max(1, len(found.minutes) // ROWS)):
        count, minutes = int(found.participants[at]), float(found.minutes[at])
        price = f"{count} participants, {costs.of(count, minutes):,.0f}"
        yield f"{minutes:g} minutes: {price if count else f'more than {given.most} participants'}"
    yield (
        f"cheapest: {best.participants} participants of {best.minutes:g} minutes, "
        f"{best.cost:,.0f} for a power of {best.power:.3f}"
    )
