"""What the page of components shows: every component once, with plausible content."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from common import charts

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
        "charts": sample_charts(),
    }


def sample_charts() -> list[charts.Drawing]:
    """Return every kind of chart once, with the shapes of numbers that pages have."""
    people = list(range(10, 61, 5))
    rise = [0.2, 0.34, 0.48, 0.6, 0.7, 0.78, 0.84, 0.89, 0.92, 0.95, 0.97]
    late = [value**1.8 for value in rise]
    names = ["Face", "House", "Tool"]
    return [
        charts.lines(
            [charts.Series("False discovery", people, rise,
                           [each * 0.8 for each in rise], [min(1, each * 1.1) for each in rise]),
             charts.Series("Random field", people, late)],
            title="Power by participants", x_label="participants", y_label="power",
            guides=[charts.Guide("wanted", y=0.8)], y_low=0, y_high=1,
        ),
        charts.histogram(
            [2, 2.5, 3, 3.5, 4, 4.5, 5], [0.9, 0.5, 0.3, 0.16, 0.09, 0.05],
            title="Heights of peaks", x_label="height, Z", y_label="density",
            curves=[charts.Series("no activation", [2, 3, 4, 5], [1.0, 0.3, 0.09, 0.02])],
        ),
        charts.bars(["1", "2", "3", "4"], [2.0, 3.5, 2.5, 6.0], title="Waits before trials",
                    x_label="trial", y_label="wait, s", kinds=[0, 1, 0, 1], kind_names=names[:2]),
        charts.heat([[1, 0.2, -0.4], [0.2, 1, 0.05], [-0.4, 0.05, 1]], rows=names, columns=names,
                    title="Correlation of signals", low=-1),
        charts.scatter(
            [charts.Point(0.5, 0.9, "Design 1"), charts.Point(0.7, 0.8, "Design 2", link="#charts"),
             charts.Point(0.9, 0.4, "Design 3", is_chosen=True)],
            title="Designs that none beats", x_label="detection", y_label="balance", is_joined=True,
        ),
    ]  # fmt: skip
