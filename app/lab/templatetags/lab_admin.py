"""What templates of the administration ask about a list."""

from dataclasses import dataclass
from typing import Any

from django import template

register = template.Library()


@dataclass(frozen=True)
class Narrowed:
    """What the usual filters leave, in words, and the address of the list without them."""

    words: str
    everything: str


@register.simple_tag
def usual_filters(cl: Any) -> Narrowed:
    """Say which filters apply although nobody asked for them."""
    at_work = [spec for spec in cl.filter_specs if getattr(spec, "narrows", "")]
    words = " and ".join(spec.narrows for spec in reversed(at_work))
    everything = cl.get_query_string({spec.parameter_name: "all" for spec in at_work})
    return Narrowed(words, everything)
