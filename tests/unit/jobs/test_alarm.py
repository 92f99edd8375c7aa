import signal
import sys
import time

import pytest

from jobs.worker import Alarm

LIMIT_S = 10


class LockedUp(Exception):
    """The alarm waits for itself."""


@pytest.fixture
def limit():
    """End a test that locks itself up: a raising handler interrupts the wait for a lock."""

    def give_up(*_):
        raise LockedUp

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_an_alarm_that_rang_before_ends_the_wait_at_once():
    alarm = Alarm()
    for _ in range(100_000):  # more than a pipe holds
        alarm.ring()
    began = time.monotonic()
    alarm.wait(30)
    assert time.monotonic() - began < 30


def test_a_signal_within_any_line_of_ringing_and_waiting_rings_too(limit):
    alarm, heard = Alarm(), []

    def handler(*_):
        heard.append(1)
        alarm.ring()

    def signal_at_each_line(*_):
        signal.raise_signal(signal.SIGUSR1)
        return signal_at_each_line

    before, tracer = signal.signal(signal.SIGUSR1, handler), sys.gettrace()
    sys.settrace(signal_at_each_line)
    try:
        alarm.ring()
        alarm.wait(0.01)
    finally:
        sys.settrace(tracer)
        signal.signal(signal.SIGUSR1, before)
    assert len(heard) > 2
