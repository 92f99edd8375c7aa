"""What participants did: one record for every kind of study."""

from runs.models.answers import Answer, Measure
from runs.models.events import Event
from runs.models.identities import Account, Code, Identity, IdentityAccess, Letter
from runs.models.participants import Consent, ConsentText, Participant
from runs.models.runs import Run, Visit
from runs.models.trials import Trial, TrialEvents, Variant
from runs.models.uploads import Upload
from runs.models.withdrawals import Withdrawal

__all__ = [
    "Account",
    "Answer",
    "Code",
    "Consent",
    "ConsentText",
    "Event",
    "Identity",
    "IdentityAccess",
    "Letter",
    "Measure",
    "Participant",
    "Run",
    "Trial",
    "TrialEvents",
    "Upload",
    "Variant",
    "Visit",
    "Withdrawal",
]
