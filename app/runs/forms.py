"""What the lab's people type about a participant."""

from typing import Any

from django import forms

REASON = "It is written into the history: name nobody in it."


class ReasonForm(forms.Form):
    """Why somebody reads, hands out or erases."""

    reason = forms.CharField(max_length=500, help_text=REASON)


class ReadForm(ReasonForm):
    prefix = "read"


class HandOutForm(ReasonForm):
    prefix = "hand-out"
    identity = forms.BooleanField(required=False, label="Also who they are")

    def __init__(self, *args: Any, may_identify: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_identify:
            del self.fields["identity"]


class EraseForm(ReasonForm):
    prefix = "erase"
    keep_answers = forms.BooleanField(required=False, label="Keep the answers, without the person")
    words = forms.CharField(label="Type the pseudonym to confirm", max_length=32)

    def __init__(self, *args: Any, pseudonym: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pseudonym = pseudonym

    def clean_words(self) -> str:
        words = str(self.cleaned_data["words"]).strip().upper()
        if words != self.pseudonym:
            raise forms.ValidationError("This is not the pseudonym.")
        return words


class FindForm(ReasonForm):
    prefix = "find"
    address = forms.EmailField(label="E-mail address", max_length=254)
