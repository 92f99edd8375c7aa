import os
import signal
import threading
import time

from jobs.worker import Alarm


def test_an_alarm_that_rang_before_ends_the_wait_at_once():
    alarm = Alarm()
    for _ in range(100_000):  # more than a pipe holds
        alarm.ring()
    began = time.monotonic()
    alarm.wait(30)
    assert time.monotonic() - began < 30


def test_a_storm_of_signals_never_holds_the_worker_up():
    alarm, heard = Alarm(), []

    def handler(*_):
        heard.append(1)
        alarm.ring()

    before = signal.signal(signal.SIGUSR1, handler)
    over = threading.Event()

    def storm():
        while not over.is_set():
            os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=storm, daemon=True)
    thread.start()
    try:
        for _ in range(300):
            alarm.wait(0.01)
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    assert heard
