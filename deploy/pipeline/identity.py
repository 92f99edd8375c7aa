"""Who acts: the name of the key that the gate recognised, or of the user on this machine."""

import getpass
from collections.abc import Mapping


def who(environment: Mapping[str, str]) -> str:
    return environment.get("STUDIUM_WHO") or getpass.getuser()
