"""What can stop a command on this machine; each error says what happened and what to do."""


class LaptopError(Exception):
    """The root: its text is shown to the person at the terminal."""


class PackagesMissing(LaptopError):
    pass


class NotRunning(LaptopError):
    pass


class StepFailed(LaptopError):
    pass
