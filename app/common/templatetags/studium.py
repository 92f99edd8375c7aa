"""The tags that every page may use: icons, instants, durations."""

import re
from datetime import UTC, datetime

from django import template
from django.template.defaultfilters import date as formatted
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

register = template.Library()

NOTHING = "\N{EN DASH}"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
UNITS = [(DAY_S, "d", HOUR_S, "h"), (HOUR_S, "h", MINUTE_S, "min"), (MINUTE_S, "min", 1, "s")]


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Show a symbol of our sprite; give a label only where no word stands beside it."""
    hidden = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon" width="20" height="20" {}><use href="{}#{}"></use></svg>',
        SafeString(hidden),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def stylesheet_if_there() -> str:
    """Return the stylesheet's address; nothing when the collected files themselves are broken."""
    try:
        return static("css/studium.css")
    except ValueError:
        return ""


@register.simple_tag
def instant(moment: datetime | None, *, ago: bool = False, absent: str = NOTHING) -> SafeString:
    """Show an instant in the lab's zone; hovering shows it to the second, with its zone and UTC."""
    if moment is None:
        return format_html('<span class="absent">{}</span>', absent)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>{}',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        exact(moment),
        formatted(timezone.localtime(moment), "j M Y, H:i"),
        format_html(' <span class="meta">{}</span>', since(moment)) if ago else "",
    )


def exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M:%S} {local:%Z} · {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def since(moment: datetime) -> str:
    """Return how far an instant is from now, in one unit: "3 minutes ago", "in 2 hours"."""
    now = timezone.now()
    if abs((now - moment).total_seconds()) < MINUTE_S:
        return "just now" if moment <= now else "in a moment"
    if moment > now:
        return f"in {timesince(now, moment, depth=1)}"
    return f"{timesince(moment, now, depth=1)} ago"


@register.filter
def seconds(value: float | None) -> str:
    """Show a length of time with the two units that matter: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if value is None:
        return NOTHING
    if value < 10:  # noqa: PLR2004  below ten seconds the tenth matters
        return f"{value:.1f} s"
    whole = round(value)
    for size, name, part_size, part_name in UNITS:
        if whole >= size:
            part = whole % size // part_size
            return f"{whole // size} {name}" + (f" {part} {part_name}" if part else "")
    return f"{whole} s"


@register.filter
def exactly(words: object) -> str:
    """Return a field's pattern that these words alone fit; it holds also without scripts."""
    return re.sub(r"([\\^$.*+?()[\]{}|/])", r"\\\1", str(words))
