"""Who acts: the name of the key that the gate recognised, or of the user on this machine."""

import getpass
import os
from collections.abc import Mapping


def who(environment: Mapping[str, str]) -> str:
    return environment.get("STUDIUM_WHO") or user()


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return f"uid {os.getuid()}"
