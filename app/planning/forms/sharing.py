"""What a link is made with."""

from django import forms

from planning.services import sharing


class ShareForm(forms.Form):
    days = forms.IntegerField(
        label="Leads there for so many days",
        min_value=1,
        max_value=sharing.LONGEST_DAYS,
        initial=30,
    )
    note = forms.CharField(
        label="For whom",
        max_length=sharing.LONGEST_NOTE,
        required=False,
        help_text="Only your lab sees this.",
    )
