"""The form that takes a design that was made elsewhere."""

from collections.abc import Sequence
from typing import Any

from django import forms

from planning.forms.design_fields import number
from planning.queries.design_files import MOST_BYTES, MOST_FILES, Scan

COMPARED = [("pairs", "All pairs of conditions"), ("each", "Each condition with nothing shown")]


class Several(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFiles(forms.FileField):
    """Some files at once."""

    widget = Several

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = data if isinstance(data, list | tuple) and data else [data or None]
        if len(found) > MOST_FILES:
            raise forms.ValidationError(f"At most {MOST_FILES} files are read at once.")
        made = [super(SeveralFiles, self).clean(one, initial) for one in found]
        if sum(one.size for one in made) > MOST_BYTES:
            raise forms.ValidationError(f"At most {MOST_BYTES // 1_000_000} MB are read at once.")
        return made


class ScoreForm(forms.Form):
    files = SeveralFiles(  # type: ignore[assignment]
        label="Files",
        help_text="BIDS events.tsv, FSL's three columns (one file a condition), SPM's multiple "
        "conditions (.mat), or optseq2's .par; all of one run.",
    )
    tr_s = number(
        "Time of a scan (TR), s", required=True, initial=2.0, min_value=0.05, max_value=59
    )
    scans = forms.IntegerField(
        required=False,
        min_value=4,
        max_value=3000,
        label="Scans",
        help_text="Empty for as many as the last response needs.",
    )
    compare = forms.ChoiceField(choices=COMPARED, label="What is compared?", initial="pairs")
    rho = number(
        "Autocorrelation of the noise", required=True, initial=0.3, min_value=-0.99, max_value=0.99
    )
    high_pass_s = number(
        "High-pass filter, s", "Its period; empty for a slow drift of order 2.", initial=128.0,
        min_value=1,
    )  # fmt: skip

    @property
    def scan(self) -> Scan:
        data = self.cleaned_data
        return Scan(data["tr_s"], data["scans"], data["rho"], data["high_pass_s"])

    @property
    def contents(self) -> Sequence[tuple[str, bytes]]:
        return [(one.name, one.read(MOST_BYTES + 1)) for one in self.cleaned_data["files"]]
