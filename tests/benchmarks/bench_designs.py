"""What scoring and searching designs, and analysing a pilot map, cost: one thread, warm.

The targets are those of the project. What is told is the processor's time, which is the clock's
where nothing else is at work.
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

from fmriplan.design import accelerator, compatible
from fmriplan.design.annealing import Goal, search
from fmriplan.design.compiled import Walk
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Exponential
from fmriplan.design.genetic import Population, evolve
from fmriplan.design.judging import Judge, Scales
from fmriplan.design.orders import Rules, check, random_design
from fmriplan.power import maps, simulation
from fmriplan.power.analysis import Settings, analyse
from fmriplan.power.curves import Study

ROUNDS = 7
Row = tuple[str, float, float, str]
CONTRASTS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, -1))
REFERENCE_F, REFERENCE_FD_MAX = (
    0.9677,
    0.5279239295892,
)  # of neurodesign's example, 1000 generations


def example() -> Experiment:
    """Return neurodesign's own example: 100 trials of three conditions in 250 scans of 2 s."""
    conditions = tuple(Condition(name, 1 / 3, 1.0) for name in "abc")
    return Experiment(conditions, 100, 2.0, Exponential(0.3, 2, 4), CONTRASTS, after_s=2.0)


def reference_f(order: "np.ndarray", waits: "np.ndarray") -> float:
    """Return what neurodesign says a design is worth, by its own definitions and its own scale."""
    asked = compatible.Experiment(2, 100, [0.33] * 3, CONTRASTS, 0.3, 1, 2, 0.1, 0.0, 2.0)
    made = compatible.score(asked, order.tolist(), (waits * 0.1).tolist())
    counted = 0.25 * made.frequencies + 0.25 * made.counterbalancing
    return 0.5 * made.detection / REFERENCE_FD_MAX + counted


def timed(work: Callable[[], object], count: int = 1) -> float:
    """Return the median of several runs, in µs for each of what a run does."""
    work()
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) / count * 1e6)
    return median(taken)


def best(work: Callable[[], object], count: int) -> float:
    """Return the least of many short runs, in µs."""
    work()
    taken = []
    for _ in range(5 * ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken) / count * 1e6


def of_evaluation(experiment: Experiment) -> list[Row]:
    evaluation, rng = Evaluation(experiment), np.random.default_rng(0)
    orders = rng.integers(3, size=(500, 100))
    waits = experiment.shuffled_waits(rng, 500)
    made = [
        ("one design, NumPy", timed(lambda: evaluation._detection(orders, waits), 500), 60.0, "µs"),
        ("responses in bins", timed(lambda: evaluation.estimation(orders, waits), 500), 0.0, "µs"),
    ]
    if accelerator.kernel():
        compiled = timed(lambda: evaluation.detection(orders, waits), 500)
        made.append(("one design, kernel", compiled, 10.0, "µs"))
    return made


def of_search(experiment: Experiment) -> list[Row]:
    rules = check(experiment, Rules())
    judge = Judge(experiment, rules, Goal(), Scales((1.4,)))
    moves = 20_000

    def anneal(wait_moves: float) -> None:
        order, waits = random_design(experiment, rules, np.random.default_rng(1))
        walk = Walk(order, waits, order.copy(), waits.copy(), np.array([-np.inf, 0.0, 0.0]))
        judge.compiled.anneal(walk, seed=3, moves=moves, heat=(0.02, 2e-5), wait_moves=wait_moves)

    return [
        ("one change of labels", best(lambda: anneal(0.0), moves), 0.5, "µs"),
        ("one change of a search, waits included", best(lambda: anneal(0.3), moves), 0.0, "µs"),
    ]


def of_generations(experiment: Experiment) -> list[Row]:
    kept = Population(patience=10**6)

    def live(generations: int) -> None:
        evolve(experiment, Goal(), scale=1.4, generations=generations, population=kept)

    live(500)  # m-sequences are kept from then on
    began = time.process_time()
    live(10_000)
    took = time.process_time() - began
    return [
        ("one generation", took / 10_000 * 1e3, 0.5, "ms"),
        ("10,000 generations", took, 5.0, "s"),
    ]


def of_goal(experiment: Experiment) -> list[Row]:
    """Return how long a search takes that beats an hour of neurodesign, in its own terms."""
    for moves in (2_000, 5_000, 10_000, 20_000, 50_000, 100_000):
        found = search(experiment, Goal(), moves=moves, seed=1)
        if reference_f(found.order, found.waits) >= REFERENCE_F:
            took = timed(lambda asked=moves: search(experiment, Goal(), moves=asked, seed=1)) / 1e6
            return [(f"F of {REFERENCE_F}, as neurodesign counts", took, 0.2, "s")]
    return [(f"F of {REFERENCE_F}, as neurodesign counts", float("inf"), 0.2, "s")]


def of_power() -> list[Row]:
    truth = simulation.Truth(
        shape=(91, 109, 91), voxel_mm=2.0, participants=15, effect=1.0, spheres=20
    )
    found = maps.prepare(simulation.pilot(truth, np.random.default_rng(0)))
    made = []
    for count, target in ((0, 0.1), (200, 3.0)):
        settings = Settings(Study(15), screening=2.3, resamples=count)
        took = timed(lambda asked=settings: analyse(found, asked)) / 1e6
        made.append((f"power of a 2 mm map, {count} resamples", took, target, "s"))
    return made


def rows() -> list[Row]:
    """Return name, what was measured, the target, and the unit."""
    experiment = example()
    searched = of_search(experiment) if accelerator.kernel() else []
    return [
        *of_evaluation(experiment),
        *searched,
        *of_generations(experiment),
        *of_goal(experiment),
        *of_power(),
    ]


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
