"""What can stop the pipeline; each error says what happened and what to do.

PipelineError
├── SiteInvalid    the file of facts is wrong
├── Refused        a push or command that may not be; nothing was changed
├── Locked         somebody else is releasing
├── StepFailed     a command ended badly
│   └── TookTooLong    it had to be ended
└── Unhealthy      the new release does not answer as it should
"""


class PipelineError(Exception):
    """The root: its text is shown to the person who pushed."""


class SiteInvalid(PipelineError):
    pass


class Refused(PipelineError):
    pass


class Locked(PipelineError):
    pass


class StepFailed(PipelineError):
    pass


class TookTooLong(StepFailed):
    pass


class Unhealthy(PipelineError):
    pass
