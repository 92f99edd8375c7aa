"""The report of a design: its settings, what it is worth, its charts, and its sequence."""

from hashlib import sha256

from fmriplan.design import events
from planning.errors import NotAPlan
from planning.models import TaskDesign
from planning.pictures import designs as pictures
from planning.queries import design_facts, kept_designs
from planning.queries.design_scores import Scores
from planning.queries.kept_designs import Whole
from planning.reports.paper import Grid, Paper, Part, grid


def paper(design: TaskDesign, *, release: str) -> Paper:
    """Return the report of a design.

    Raises
    ------
    NotAPlan
        The design cannot be scored any more, or takes longer than somebody waits.
    """
    whole = kept_designs.whole(design)
    if whole.refusal:
        raise NotAPlan(whole.refusal)
    facts = design_facts.of(whole.told)
    charts = pictures.all_of(whole.told, whole.order, whole.waits, whole.scores)
    warnings = tuple(f"Look at this: {words}" for words in facts.warnings)
    return Paper(
        title=f"Design of a task: {design.plan.name}, {design}",
        lead=f"{facts.trials:,} trials in {facts.scans:,} scans of {facts.tr_s:g} s.",
        at=design.created_at,
        mark=mark_of(design),
        release=release,
        parts=(
            Part("What it is worth", warnings, facts=_scores(whole.scores), grids=(_told(whole),)),
            Part("Charts", drawings=tuple(charts)),
            Part("Settings", facts=_settings(design)),
            Part("Specification", tuple(design.specification.strip().split("\n"))),
            Part("Sequence", grids=(_sequence(whole),)),
        ),
    )


def mark_of(design: TaskDesign) -> str:
    """Return the SHA-256 of a design: of its specification, its order and its waits."""
    told = repr([design.specification, list(design.order), list(design.waits)])
    return sha256(told.encode()).hexdigest()


def _scores(scores: Scores) -> tuple[tuple[str, str], ...]:
    why = f" ({scores.why_not_estimable})" if scores.why_not_estimable else ""
    return (
        ("Detection", _said(scores.detection)),
        ("Estimation", f"{_said(scores.estimation)}{why}"),
        ("Counterbalancing", f"{_said(scores.counterbalancing)} of 1"),
        ("Frequencies", f"{_said(scores.frequencies)} of 1"),
        ("Surprise", f"{scores.surprise:.3f} of {scores.most_surprise:.3f} bits"),
        ("Longest run", f"{scores.longest_run} trials of one condition"),
        ("Autocorrelation of the waits", f"{scores.wait_autocorrelation:.3f}"),
    )


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _told(whole: Whole) -> Grid:
    columns = pictures.columns(whole.told)
    rows = [(name, _said(factor)) for name, factor in
            zip(columns, whole.scores.inflation, strict=False)]  # fmt: skip
    return grid("Variance inflation: above 5, hard to tell apart", ["Condition", "Factor"], rows)


def _settings(design: TaskDesign) -> tuple[tuple[str, str], ...]:
    search = design.search
    found = (("Search", f"{search.get_method_display()}, seed {search.seed}"),) if search else ()
    return (
        ("Plan", design.plan.name),
        ("Project", f"{design.plan.project}, {design.plan.project.lab}"),
        ("Came from", design.get_origin_display()),
        *found,
        ("Made", f"{design.created_at:%Y-%m-%d %H:%M} UTC"),
        ("Mark (SHA-256)", mark_of(design)),
    )


def _sequence(whole: Whole) -> Grid:
    shown = events.of_design(whole.told.experiment, whole.order, whole.waits)
    rows = [
        (number, each.run, f"{each.onset_s:.10g}", f"{each.shown_s:.10g}", each.condition)
        for number, each in enumerate(shown, 1)
    ]
    columns = ["Event", "Run", "Onset, s", "Shown, s", "Condition"]
    return grid("Events, from the first scan of their run", columns, rows)
