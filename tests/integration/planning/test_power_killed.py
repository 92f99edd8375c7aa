"""An analysis whose process is killed answers all the same, once: by real workers."""

import os
import signal

import pytest
from tests.factories import accounts, maps
from tests.integration.jobs.conftest import databases, site

from accounts.roles import Role
from jobs.models import Status
from planning import map_files
from planning.models import PowerAnalysis

__all__ = ["databases", "site"]
LONG_S = 120  # a machine that is busy with other tests


@pytest.fixture
def ask(site):
    """Ask a question of a site of its own, with a worker."""

    def asked(content=None, **chosen):
        lab = accounts.lab("Alder")
        ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
        return maps.asked(maps.pilot(accounts.project(lab), ann, content), ann, **chosen)

    return asked


def test_a_killed_analysis_is_done_again_and_answered_once(site, ask):
    analysis = ask(resamples=300)
    site.worker()
    running = site.wait_running(analysis.job)
    os.kill(running.pid, signal.SIGKILL)
    done = site.wait(analysis.job, seconds=LONG_S)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 2), site.report()
    analysis.refresh_from_db()
    assert analysis.refusal == ""
    assert len(analysis.result["resamples"]["mean"]) == 300
    assert PowerAnalysis.objects.count() == 1
    left = list(map_files.place(analysis.pilot.digest).parent.parent.glob(".new-*"))
    assert not left, "nothing half written"


def test_a_refusal_is_an_answer_and_no_failure(site, ask):
    analysis = ask(b"no map at all" * 90)
    site.worker()
    done = site.wait(analysis.job, seconds=LONG_S)
    analysis.refresh_from_db()
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 1)
    assert "no NIfTI file" in analysis.refusal
