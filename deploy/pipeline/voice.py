"""How the pipeline speaks: one line at a time, with the time since the start, without secrets."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.redaction import Redaction


@dataclass
class Voice:
    """Says lines to whoever listens; a listener who has gone does not stop the work."""

    redact: Callable[[str], str] = field(default_factory=Redaction)
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        elapsed = time.monotonic() - self.started
        for number, line in enumerate(self.redact(text).splitlines()):
            mark = f"{elapsed:6.1f} s  " if number == 0 else " " * 10
            write(mark + line)


def write(line: str) -> None:
    """Print one line; when nobody reads it any more, or the disk is full, go on in silence."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:  # what was said in vain is tried again with the next line
        return
