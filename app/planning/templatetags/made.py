"""What other pages show of what can be made of a design or an analysis."""

from typing import Any

from django import template

from planning.models import TaskDesign
from planning.reports import task

register = template.Library()
LARGEST = 2_000_000  # characters that a form of a page carries; a larger file is brought in by hand


@register.inclusion_tag("planning/made/_task.html", takes_context=True)
def task_of(context: dict[str, Any], design: TaskDesign) -> dict[str, Any]:
    """Offer a design as a task: a file, and a button that hands it to experiments."""
    words = task.file(design)
    return {
        "design": design,
        "words": words if len(words) <= LARGEST else "",
        "csrf_token": context.get("csrf_token"),
        "may_change": context.get("may_change", True),
    }
