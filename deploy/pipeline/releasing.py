"""One attempt under way: what each step of a release is given."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipeline import journal
from pipeline.git import Repository
from pipeline.journal import Attempt
from pipeline.runner import Runner
from pipeline.site import Site
from pipeline.voice import Voice


class Releasing:
    """One attempt under the lock: keeps its journal and says what it does."""

    def __init__(self, site: Site, attempt: Attempt, runner: Runner, voice: Voice) -> None:
        self.site, self.runner, self.voice = site, runner, voice
        self.repository = Repository(site.repository, runner)
        self.attempt = attempt

    def note(self, phase: str, **changes: object) -> None:
        self.attempt = self.attempt.at(phase, **changes)
        journal.save(self.site, self.attempt)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        seconds = round(time.monotonic() - started, 3)
        steps = [*self.attempt.steps, {"name": name, "seconds": seconds}]
        self.attempt = replace(self.attempt, steps=steps)
        self.voice.say(f"{name}: {seconds:.2f} s")
