"""Numbers of power analyses in words."""

from django import template

from common.templatetags.studium import NOTHING
from planning.numbers.power_answers import Answered

register = template.Library()
ALL = 100


@register.filter
def percent(share: float) -> str:
    """Show a share of 1, with a decimal place only where it has one."""
    return f"{ALL * share:.1f}".removesuffix(".0") + " %"


@register.simple_tag
def sample(row: Answered) -> str:
    """Show a number of participants with its interval."""
    if row.height is None:
        return "no peak of the pilot passes"
    if row.participants is None:
        return "more than 2,000"
    if row.interval is None:
        return f"{row.participants}"
    high = "no bound" if row.interval.high is None else f"{row.interval.high:.0f}"
    return f"{row.participants} ({row.interval.low:.0f} to {high})"


@register.simple_tag
def chance(row: Answered) -> str:
    """Show a power with its interval."""
    if row.power is None:
        return NOTHING
    between = row.power_interval
    if between is None or between.high is None:
        return f"{ALL * row.power:.0f} %"
    return f"{ALL * row.power:.0f} % ({ALL * between.low:.0f} to {ALL * between.high:.0f})"
