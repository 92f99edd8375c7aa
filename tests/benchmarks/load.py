"""An open-loop load: requests leave when they are due, whether or not the ones before are back."""

import http.client
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

LIMIT_S = 30
OK = 200


@dataclass(frozen=True)
class Sample:
    """One request: when it was due, how long it took from then on, and what went wrong."""

    due: float
    seconds: float
    fault: str = ""


@dataclass
class Load:
    """So many requests a second to one address, half of them on connections that are kept."""

    port: int
    rate: float
    path: str = "/bench/release/"
    slow_s: float = 8
    connections: int = 20
    samples: list[Sample] = field(default_factory=list)
    slow: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._kept = threading.local()
        self._pool = ThreadPoolExecutor(max_workers=200)
        self._threads = [threading.Thread(target=run) for run in (self._tick, self._stay)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()

    def _tick(self) -> None:
        """Send each request at its time; the clock, not the answers, decides."""
        lanes = [ThreadPoolExecutor(max_workers=1) for _ in range(self.connections)]
        began = time.monotonic()
        for number in itertools.count():
            due = began + number / self.rate
            if self._over.wait(max(0.0, due - time.monotonic())):
                break
            if number % 2:
                self._pool.submit(self._once, due)
            else:
                lanes[number // 2 % self.connections].submit(self._on_kept, due)
        for lane in lanes:
            lane.shutdown()

    def _once(self, due: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        try:
            self.samples.append(_ask(connection, self.path, due))
        finally:
            connection.close()

    def _on_kept(self, due: float) -> None:
        """Ask on this lane's connection; that the server closes it counts as a fault."""
        kept = getattr(self._kept, "connection", None)
        if kept is None:
            kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
            self._kept.connection = kept
        sample = _ask(kept, self.path, due)
        self.samples.append(sample)
        if sample.fault:
            kept.close()
            self._kept.connection = None

    def _stay(self) -> None:
        """Have one slow request in flight all the time."""
        while not self._over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
            path = f"/bench/slow/?s={self.slow_s:g}"
            self.slow.append(_ask(connection, path, time.monotonic()))
            connection.close()


def _ask(connection: http.client.HTTPConnection, path: str, due: float) -> Sample:
    fault = ""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != OK:
            fault = f"status {answer.status}"
        elif answer.getheader("Connection") == "close":
            fault = "the connection was closed"
    except (OSError, http.client.HTTPException) as error:
        fault = repr(error)
    return Sample(due, time.monotonic() - due, fault)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
