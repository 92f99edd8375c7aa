"""Why a command of the containers did not do what was asked."""


class ContainerError(Exception):
    """What happened, why, and what to do about it; for the person who typed the command."""
