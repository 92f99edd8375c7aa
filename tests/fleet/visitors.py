"""Somebody who asks for pages all the time, and counts what came back."""

import threading
from collections import Counter

from tests.fleet import fleet


class Visitor(threading.Thread):
    """Asks one host ten times a second until told to stop."""

    def __init__(self, host, path="/accounts/sign-in/"):
        super().__init__(daemon=True)
        self.host, self.path, self.answers, self.over = host, path, Counter(), threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            self.answers[fleet.ask(self.host, self.path, check=False).status] += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
