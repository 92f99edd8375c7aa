"""What can stop the pipeline; each error says what happened and what to do.

PipelineError
├── SiteInvalid    the file of facts is wrong
├── Interrupted    the runner was ended from outside
├── JournalBroken  what was going on when the pipeline ended cannot be read any more
├── NotUndone      the way back failed too; the journal knows, the next start goes on
├── Refused        a push or command that may not be; nothing was changed
├── Locked         somebody else is releasing
├── Unreachable    another host of the site does not answer
├── StepFailed     a command ended badly
│   └── TookTooLong    it had to be ended
└── Unhealthy      the new release does not answer as it should
"""


class PipelineError(Exception):
    """The root: its text is shown to the person who pushed."""


class SiteInvalid(PipelineError):
    pass


class Interrupted(PipelineError):
    pass


class JournalBroken(PipelineError):
    pass


class NotUndone(PipelineError):
    pass


class Refused(PipelineError):
    pass


class Locked(PipelineError):
    pass


class Unreachable(PipelineError):
    pass


class StepFailed(PipelineError):
    pass


class TookTooLong(StepFailed):
    pass


class Unhealthy(PipelineError):
    pass
