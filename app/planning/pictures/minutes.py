"""Charts of participants and minutes: studies of equal power, and what they cost."""

from common.charts import Drawing, Guide, Series, lines
from planning.queries.minutes import Reply

THOUSAND, MANY = 1000, 10_000  # longer numbers would meet the name of the axis


def of_equal_power(reply: Reply) -> Drawing:
    """Return how many participants each length of scan needs, a line for each power."""
    series = [
        Series(
            f"power {curve.wanted:g}",
            [float(each) for each in curve.minutes],
            [float(count) if count else None for count in curve.participants],
            is_stepped=True,
        )
        for curve in reply.curves
    ]
    return lines(
        series,
        title="How many participants does each length of scan need?",
        x_label="Minutes of scanning for each",
        y_label="Participants",
        guides=_cheapest(reply),
        y_low=0.0,
    )


def of_costs(reply: Reply) -> Drawing:
    """Return what a study of the wanted power costs with each length of scan."""
    told = reply.lengths
    most = max((each.cost or 0.0 for each in told), default=0.0)
    unit, words = (THOUSAND, ", thousands") if most >= MANY else (1, "")
    costs = [None if each.cost is None else each.cost / unit for each in told]
    series = Series("cost", [each.minutes for each in told], costs)
    return lines(
        [series],
        title=f"What does a power of {reply.question.wanted:g} cost?",
        x_label="Minutes of scanning for each",
        y_label=f"Cost of the study{words}",
        guides=_cheapest(reply),
        y_low=0.0,
    )


def _cheapest(reply: Reply) -> list[Guide]:
    if reply.best is None:
        return []
    return [Guide(f"cheapest: {reply.best.minutes:g} min", x=reply.best.minutes)]
