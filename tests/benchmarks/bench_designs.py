"""What scoring and searching designs, and analysing a pilot map, cost: one thread, warm.

The targets are those of the project.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import platform
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from fmriplan.design import accelerator
from fmriplan.design.annealing import Goal, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Exponential
from fmriplan.power import maps, simulation
from fmriplan.power.analysis import Settings, analyse
from fmriplan.power.curves import Study

ROUNDS = 7


def example() -> Experiment:
    """Three conditions, 100 trials, a scan of 2 s, ticks of 0.1 s: the package's own example."""
    conditions = tuple(Condition(n, s, 1.0) for n, s in zip("abc", (0.4, 0.3, 0.3), strict=True))
    return Experiment(
        conditions, 100, 2.0, Exponential(2, 3, 8), ((1, 0, 0), (0, 1, 0), (1, -1, 0))
    )


def timed(work: Callable[[], object], count: int = 1) -> float:
    """Return the median of several runs, in µs for each of what a run does."""
    work()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) / count * 1e6)
    return median(taken)


def rows() -> list[tuple[str, float, float, str]]:
    """Return name, what was measured, the target, and the unit."""
    experiment = example()
    evaluation, rng = Evaluation(experiment), np.random.default_rng(0)
    orders = rng.integers(3, size=(500, 100))
    waits = np.array([np.concatenate([[0], rng.permutation(experiment.waits[1:])]) for _ in orders])
    found = maps.prepare(
        simulation.pilot(
            simulation.Truth(
                shape=(91, 109, 91), voxel_mm=2.0, participants=15, effect=1.0, spheres=20
            ),
            rng,
        )
    )
    made = [
        ("one design, NumPy", timed(lambda: evaluation._detection(orders, waits), 500), 60, "µs"),
        (
            "responses in bins",
            timed(lambda: evaluation.estimation(orders[:50], waits[:50]), 50),
            0,
            "µs",
        ),
    ]
    if accelerator.kernel():
        moves = 100_000
        one = timed(lambda: search(experiment, Goal(), moves=moves, scale=1.4), moves)
        long = timed(lambda: search(experiment, Goal(), moves=490_000, scale=1.4)) / 1e6
        made += [
            (
                "one design, kernel",
                timed(lambda: evaluation.detection(orders, waits), 500),
                10,
                "µs",
            ),
            ("one change of a search, waits included", one, 0, "µs"),
            ("490,000 changes (as 10,000 generations)", long, 5, "s"),
        ]
    for count, target in ((0, 0.1), (200, 3.0)):
        settings = Settings(Study(15), screening=2.3, resamples=count)
        took = timed(lambda asked=settings: analyse(found, asked)) / 1e6
        made.append((f"power of a 2 mm map, {count} resamples", took, target, "s"))
    return made


def main() -> int:
    say = sys.stdout.write
    say(f"{platform.processor() or platform.machine()}, one thread, NumPy {np.__version__}, ")
    say("kernel\n" if accelerator.kernel() else "no kernel: python -m fmriplan build\n")
    say(f"{'':45}{'measured':>12}{'target':>10}\n")
    late = 0
    for name, measured, target, unit in rows():
        over = bool(target) and measured > target
        late += over
        limit = f"{target:g} {unit}" if target else ""
        say(f"{name:45}{measured:9.3g} {unit}{limit:>10}{'  LATE' if over else ''}\n")
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
