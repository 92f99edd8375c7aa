"""What an operator is told of the layers around a lab's functions."""

import pytest

from experiments import checks
from experiments.scripting import enclosure

ALL = {"landlock": "files", "seccomp": "the network", "namespaces": "processes"}


def test_where_all_layers_hold_it_is_only_said(monkeypatch):
    monkeypatch.setattr(enclosure, "offered", lambda: ALL)
    (told,) = checks.enclosures()
    assert told.id == "experiments.I001"
    assert "files; the network; processes" in told.msg


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        (["landlock"], "may read whatever the site's user may read"),
        (["seccomp"], "reach the system's calls"),
        (["namespaces"], "processes has no limit"),
        (["seccomp", "namespaces"], "nothing of the kernel keeps them from the network"),
    ],
)
def test_what_is_missing_is_a_warning_that_says_what_follows(monkeypatch, gone, says):
    left = {layer: words for layer, words in ALL.items() if layer not in gone}
    monkeypatch.setattr(enclosure, "offered", lambda: left)
    (told,) = checks.enclosures()
    assert told.id == "experiments.W001"
    assert says in told.msg


def test_what_is_offered_is_found_out_without_giving_anything_up():
    before = enclosure.offered()
    assert enclosure.offered() == before
