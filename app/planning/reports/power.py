"""The report of a power analysis: its settings, its numbers, its charts, its peaks."""

from common.charts import Drawing
from fmriplan.power.analysis import Analysis, paragraph
from planning.errors import NotAPlan
from planning.models import PowerAnalysis
from planning.numbers import power_answers as answers
from planning.numbers.power_answers import Answered
from planning.pictures import power as pictures
from planning.queries import power_results as results
from planning.reports.paper import Grid, Paper, Part, grid

MOST_PEAKS = 100
USUAL_POWER = 0.8


def paper(found: PowerAnalysis, *, release: str, power: float = USUAL_POWER) -> Paper:
    """Return the report of a finished analysis, for a wanted power.

    Raises
    ------
    NotAPlan
        It has no numbers, or not yet.
    """
    if not found.result or found.finished_at is None:
        raise NotAPlan(found.refusal or "The analysis is not finished yet: come back when it is.")
    made = results.analysis_of(found)
    study = made.settings.study
    return Paper(
        title=f"Power analysis of {found.pilot.name}",
        lead=f"How many participants a study needs, from a pilot of {study.participants}.",
        at=found.finished_at,
        mark=found.mark,
        release=release,
        parts=(
            _answer(found, made, power),
            Part("Charts", drawings=tuple(_charts(made, power))),
            Part("Settings", facts=tuple(results.settings_used(found))),
            Part("Peaks", grids=(_peaks(found),)),
            Part("How it was computed", (MODEL, DOUBT)),
        ),
    )


MODEL = (
    "Peaks are local maxima above the screening threshold. How many of them are active is told by "
    "a mixture of a beta and a uniform distribution of their p values, how high those are by a "
    "normal distribution that begins at the threshold (Durnez et al., 2016). No sample size is "
    "offered where the likelihood ratio against no activation is below 5.99."
)
DOUBT = (
    "Intervals hold 95 % of what drawing the peaks again gives. The effect of peaks that passed a "
    "threshold is too large for a weak effect: take the interval seriously."
)


def _answer(found: PowerAnalysis, made: Analysis, power: float) -> Part:
    warnings = tuple(f"Look at this: {words}" for words in made.warnings)
    share = made.prevalence
    facts = (
        ("Peaks above the threshold", f"{len(made.found)}"),
        ("Active (pi1)", f"{share.active:.4f}"),
        ("Likelihood ratio", f"{share.likelihood_ratio:.2f} (5.99 is needed)"),
        ("Effect (Cohen's d)", "none" if made.effect is None else f"{made.effect:.3f}"),
    )
    if made.model is None:
        return Part("No sample size", warnings or (found.refusal,), facts)
    said = paragraph(made, power, answers.USUAL, found.mark)
    return Part("Answer", (said, *warnings), facts, grids=(_rows(made, power),))


def _rows(made: Analysis, power: float) -> Grid:
    study = made.settings.study.participants
    told = answers.answers(made, power=power, participants=study)
    columns = ["Correction", "Z from", f"Participants for power {power:g}",
               f"Power of {study} participants"]  # fmt: skip
    rows = [(row.correction.value, _height(row), _sample(row), _chance(row)) for row in told]
    return grid("By correction for many tests, with 95 % intervals", columns, rows)


def _height(row: Answered) -> str:
    return "no peak passes" if row.height is None else f"{row.height:.3f}"


def _sample(row: Answered) -> str:
    if row.height is None:
        return "-"
    if row.participants is None:
        return "more than can be told"
    if row.interval is None:
        return f"{row.participants}"
    high = "no bound" if row.interval.high is None else f"{row.interval.high:.0f}"
    return f"{row.participants} ({row.interval.low:.0f} to {high})"


def _chance(row: Answered) -> str:
    if row.power is None:
        return "-"
    sure = row.power_interval
    if sure is None or sure.high is None:
        return f"{row.power:.3f}"
    return f"{row.power:.3f} ({sure.low:.3f} to {sure.high:.3f})"


def _charts(made: Analysis, power: float) -> list[Drawing]:
    drawn = [pictures.of_p(made), pictures.of_heights(made)]
    return [*drawn, pictures.of_power(made, power)] if made.model else drawn


def _peaks(found: PowerAnalysis) -> Grid:
    rows = sorted(found.peaks, key=lambda row: -row[6])
    told = [
        (number, *(f"{each:g}" for each in row[3:6]), f"{row[6]:.3f}", f"{row[7]:.2g}")
        for number, row in enumerate(rows, 1)
    ]
    columns = ["Peak", "x, mm", "y, mm", "z, mm", "Height, Z", "p"]
    return grid("The highest peaks first", columns, told, MOST_PEAKS)
