"""The last comparison of the host, as the site's health tells it."""

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from ops import health


@pytest.fixture
def note(settings, tmp_path):
    settings.DRIFT = tmp_path / "state.json"

    def write(lines, age=timedelta()):
        facts = {"at": (now() - age).isoformat(), "ok": not lines, "findings": lines}
        settings.DRIFT.write_text(json.dumps(facts))

    return write


def test_where_nothing_is_declared_nothing_is_reported(settings, tmp_path):
    settings.DRIFT = tmp_path / "nowhere.json"
    assert health.drift().ok


def test_a_host_as_declared_is_well(note):
    note([])
    assert health.drift().ok


def test_a_difference_degrades_and_names_the_first_ones(note):
    note([f"/etc/{name}: its content differs" for name in "abcd"])
    check = health.drift()
    assert (check.ok, check.fatal) == (False, False)
    assert check.detail.startswith("differs: /etc/a: its content differs")
    assert check.detail.endswith("and 1 more")


def test_a_comparison_that_stopped_degrades(note):
    note([], age=timedelta(hours=4))
    assert health.drift().detail.startswith("not compared since")


@pytest.mark.parametrize("text", ["", "{}", '{"at": 5, "findings": []}', '{"at": "x"}'])
def test_a_damaged_note_is_a_failed_check_and_no_error(settings, note, text, db):
    note([])
    settings.DRIFT.write_text(text)
    check = health.examine().checks["drift"]
    assert (check.ok, check.fatal) == (False, False)
