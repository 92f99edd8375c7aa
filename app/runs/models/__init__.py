"""What participants did: one record for every kind of study."""

from runs.models.answers import Answer, Measure
from runs.models.events import Event
from runs.models.participants import Consent, ConsentText, Participant
from runs.models.runs import Run, Visit
from runs.models.trials import Trial, Variant
from runs.models.withdrawals import Withdrawal

__all__ = [
    "Answer",
    "Consent",
    "ConsentText",
    "Event",
    "Measure",
    "Participant",
    "Run",
    "Trial",
    "Variant",
    "Visit",
    "Withdrawal",
]
