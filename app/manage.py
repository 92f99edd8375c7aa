#!/usr/bin/env python3
"""Django's command line for Studium."""

import os
import sys
from pathlib import Path

APP = Path(__file__).resolve().parent


def main() -> None:
    sys.path[:0] = [str(APP), str(APP.parent / "deploy")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from config import release_lock  # noqa: PLC0415  the paths above come first

    release_lock.hold()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
