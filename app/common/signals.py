"""What areas tell each other without knowing each other."""

from django.dispatch import Signal

# Sent inside the transaction of a change that the audit trail must show, by areas that may not
# import accounts. Keyword arguments: action ("job.cancelled"), user (or None), on (the object),
# changes ({field: [before, after]}) and reason (text).
audited = Signal()

# Sent inside the transaction in which a run of a participant ends, however it ends. Keyword
# argument: run.
run_ended = Signal()
