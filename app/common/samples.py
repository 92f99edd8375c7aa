"""What the page of components shows: every component once, with plausible content."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

COLOURS = [
    "paper", "surface", "sunken", "edge", "edge-strong", "ink", "ink-soft", "accent", "accent-deep",
    "accent-tint", "good", "good-tint", "warning", "warning-tint", "harm", "harm-tint", "band",
]  # fmt: skip

LOG = """10:02:11 reading 480 trials
10:02:14 fitting 12 of 40 sessions
10:02:19 fitting 13 of 40 sessions"""


class SampleForm(forms.Form):
    """Every kind of field, one of them wrong."""

    name = forms.CharField(help_text="As it should stand on the door of the lab.")
    mail = forms.EmailField(label="E-mail address", required=False)
    role = forms.ChoiceField(choices=[("viewer", "Viewer"), ("manager", "Manager")])
    notes = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    days = forms.MultipleChoiceField(
        label="Days of work",
        widget=forms.CheckboxSelectMultiple,
        choices=[("mo", "Monday"), ("tu", "Tuesday")],
    )
    letters = forms.BooleanField(label="Write to me when something fails", required=False)

    def __init__(self) -> None:
        given = {"name": "", "mail": "ada@example.org", "role": "viewer", "days": ["mo"]}
        super().__init__(data=given, prefix="sample")
        self.data = {f"sample-{key}": value for key, value in given.items()}


def icon_names() -> list[str]:
    sprite = (Path(settings.APP) / "static" / "icons.svg").read_text()
    return re.findall(r'<symbol id="([a-z-]+)"', sprite)


def samples() -> dict[str, Any]:
    now = timezone.now()
    return {
        "colours": COLOURS,
        "icons": icon_names(),
        "earlier": now - timedelta(minutes=3),
        "log": LOG,
    }
