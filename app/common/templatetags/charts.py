"""`{% chart drawing %}`: a drawing, the question it answers, and the same as a table."""

from typing import Any

from django import template
from django.utils.safestring import mark_safe

from common.charts import Drawing, svg

register = template.Library()


@register.inclusion_tag("common/_chart.html")
def chart(drawing: Drawing, *, caption: str = "", csv: str = "", file: str = "") -> dict[str, Any]:
    """Show a chart; ``csv`` and ``file`` are where its numbers and its SVG can be downloaded."""
    return {
        "drawing": drawing,
        "svg": mark_safe(svg.page(drawing)),  # noqa: S308  every text in it is escaped
        "caption": caption,
        "csv": csv,
        "file": file,
    }
