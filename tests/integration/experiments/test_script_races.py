"""Several look at once while a function runs, on a database that commits."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import now
from tests.factories import accounts, experiments, scripts
from tests.integration.experiments.taking_part import HOLDER, Participant
from tests.integration.runs.test_races import at_once, until_unlocked

from accounts.roles import Role
from experiments.models import Sitting
from runs.models import Run, Visit

pytestmark = pytest.mark.django_db(transaction=True)
ABOUT = {"name": "about-you", "page": "about"}


@pytest.fixture
def made(transactional_db, toylab):
    def begin(*flow):
        lab = accounts.lab("Alder")
        ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
        revision = experiments.published(accounts.project(lab), ann, scripts.words(*flow))
        someone = Participant(experiments.token(revision, ann))
        someone.begin()
        return someone

    return begin


def counting(file):
    drawn = scripts.call("counted", file=str(file))
    return {"name": "rate", "page": "rating", "draw": drawn}


def own(someone):
    """Return the address as the browser has it that holds the run."""
    return f"{someone.address}?holder={HOLDER.search(someone.text)[1]}"


def look(address):
    """Look as a browser does that is asked to come back."""
    for _ in range(200):
        status = Client().get(address).status_code
        if status != 503:
            return status
        time.sleep(0.05)
    raise AssertionError("the page was never made")


def test_eight_who_look_at_once_are_shown_one_draw(made, tmp_path):
    file = tmp_path / "calls"
    someone = made(ABOUT, counting(file))
    someone.look, following = (lambda: None), someone.look
    someone.send(item_age="33")
    assert at_once(lambda _: look(own(someone))) == [200] * 8
    assert file.read_text().splitlines() == ["called"]
    following()
    assert (someone.title, Visit.objects.get(position=2).stimulus) == ("The melody", "one")


def test_nothing_is_locked_while_a_function_runs(made, settings):
    settings.SCRIPT_LIMIT_S = 3
    someone = made(ABOUT, {"name": "rate", "page": "rating", "draw": scripts.call("sleep")})
    someone.look = lambda: None
    someone.send(item_age="33")
    slow = threading.Thread(target=_looking, args=(own(someone),))
    slow.start()
    for _ in range(100):
        if until_unlocked(lambda: Sitting.objects.filter(claimed_until__gt=now()).exists()):
            break
        time.sleep(0.02)
    began = time.monotonic()
    until_unlocked(lambda: Run.objects.update(seen_at=now()))
    until_unlocked(lambda: Sitting.objects.update(progress=0.5))
    until_unlocked(lambda: Visit.objects.update(started_at=now()))
    assert time.monotonic() - began < 1.5
    assert slow.is_alive()
    slow.join()


def _looking(address):
    try:
        Client().get(address)
    finally:
        connection.close()


def test_a_claim_that_a_dead_server_left_is_over_by_itself(made, tmp_path):
    someone = made(ABOUT, counting(tmp_path / "calls"))
    someone.look, following = (lambda: None), someone.look
    someone.send(item_age="33")
    Sitting.objects.update(claimed_until=now())
    assert following().status_code == 200


def test_who_comes_while_a_page_is_made_is_told_so(made, tmp_path):
    someone = made(ABOUT, counting(tmp_path / "calls"))
    someone.look, following = (lambda: None), someone.look
    someone.send(item_age="33")
    Sitting.objects.update(claimed_until=now() + timedelta(seconds=60))
    answer = following()
    assert (answer.status_code, someone.title) == (503, "One moment")
    assert 'http-equiv="refresh"' in someone.text
