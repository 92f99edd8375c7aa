"""Who will soon be through is waited for; whoever is still deciding is not."""

import threading
import time
from dataclasses import replace

import pytest

from pipeline import journal, lock, turn
from pipeline.journal import Attempt

ID = "20260102T000000000000Z-0123456789ab"
ATTEMPT = Attempt(ID, ID, "push", "ann", "2026-01-02T00:00:00+00:00", "0" * 40, "1" * 40, None)


@pytest.fixture
def held(site):
    """Let somebody hold the lock for a moment, at a phase."""
    threads = []

    def hold(doing, phase, seconds=0.5):
        journal.save(site, replace(ATTEMPT, phase=phase))
        begun = threading.Event()

        def be_busy():
            with lock.held(site.lock, lock.Owner("ben", doing, "noon", 7)):
                begun.set()
                time.sleep(seconds)

        threads.append(threading.Thread(target=be_busy))
        threads[-1].start()
        begun.wait()

    yield hold
    for thread in threads:
        thread.join()


def test_a_free_site_is_not_waited_for(site):
    assert turn.owner_after_patience(site) is None


def test_a_release_that_cleans_up_is_waited_for(site, held):
    held("releasing 111111111111", "accepted")
    assert turn.owner_after_patience(site) is None


def test_the_timer_is_waited_for(site, held):
    held(turn.FINISHING, "received")
    assert turn.owner_after_patience(site) is None


@pytest.mark.parametrize("phase", ["received", "early", "switched", "undoing"])
def test_a_release_that_may_still_fail_is_told_of_at_once(site, held, phase):
    held("releasing 111111111111", phase)
    owner = turn.owner_after_patience(site)
    assert owner is not None
    assert owner.who == "ben"


def test_patience_has_an_end(site, held):
    held(turn.FINISHING, "received", seconds=1)
    assert turn.owner_after_patience(site, patience_s=0.2) is not None


def test_a_journal_that_nobody_can_read_makes_nobody_wait(site, held):
    held("releasing 111111111111", "accepted")
    site.journal.write_text("{")
    assert turn.owner_after_patience(site) is not None
