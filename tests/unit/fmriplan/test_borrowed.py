"""Designs made elsewhere become experiments of ours, and MATLAB files of strangers are harmless."""

import io
import zlib

import numpy as np
import pytest
from scipy import io as matlab

from fmriplan.design import events
from fmriplan.design.borrowed import borrow
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.events import Event
from fmriplan.design.matlab_files import Immodest, modest
from fmriplan.design.scoring import score
from fmriplan.errors import NotAnOption

NAMES = ("names", "onsets", "durations")
SHOWN = [
    Event(2.0 + 6 * place + 0.5 * (place % 3), 1.0, ("a", "b")[place * 7 % 5 % 2])
    for place in range(30)
]
PAIR = ((1.0, -1.0),)


def test_a_borrowed_design_has_the_events_that_it_was_made_of():
    held = borrow(SHOWN, tr_s=2.0, scans=110)
    again = events.of_design(held.experiment, held.order, held.waits)
    assert [(each.onset_s, each.shown_s, each.condition) for each in again] == [
        (each.onset_s, each.shown_s, each.condition) for each in SHOWN
    ]


def test_a_borrowed_design_is_worth_what_its_events_are():
    held = borrow(SHOWN, tr_s=2.0, scans=110, contrasts=PAIR)
    ours = Evaluation(held.experiment).detection(held.order[None], held.waits[None])[0]
    theirs = score(SHOWN, tr_s=2.0, scans=held.experiment.scans, contrasts=PAIR).detection
    assert ours == pytest.approx(theirs, rel=0.02)  # the ticks differ


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ([Event(0.0, 3.0, "a"), Event(2.0, 1.0, "b")], "before the one before it has ended"),
        ([Event(0.0, 1.0, "a"), Event(4.0, 2.0, "a"), Event(9.0, 1.0, "b")], "1 to 2 s"),
        ([Event(0.0033, 1.0, "a"), Event(4.0042, 1.0, "b")], "no whole numbers"),
    ],
)
def test_what_cannot_be_ordered_anew_says_why(shown, said):
    with pytest.raises(NotAnOption, match=said):
        borrow(shown, tr_s=2.0, scans=20)


def saved(*, compressed=False, **more):
    made = io.BytesIO()
    matlab.savemat(made, {**held(), **more}, do_compression=compressed)
    return made.getvalue()


def held():
    cells = {name: np.empty((1, 2), dtype=object) for name in NAMES}
    cells["names"][0, :] = ["a", "b"]
    cells["onsets"][0, :] = [[1.0, 9.0], [5.0]]
    cells["durations"][0, :] = [[1.0, 1.0], [1.0]]
    return cells


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_of_spm_is_read_without_what_is_not_asked_for(compressed):
    content = saved(compressed=compressed, pmod=np.zeros((5, 5)))
    left = modest(content, NAMES)
    assert set(matlab.loadmat(io.BytesIO(left))) >= set(NAMES)
    assert "pmod" not in matlab.loadmat(io.BytesIO(left))
    assert [each.onset_s for each in events.read("x.mat", left)] == [1.0, 5.0, 9.0]


def test_a_few_bytes_that_unpack_to_much_are_refused():
    bomb = zlib.compress(b"\0" * 40_000_000)
    element = (15).to_bytes(4, "little") + len(bomb).to_bytes(4, "little") + bomb
    with pytest.raises(Immodest, match="unpacks to too much"):
        modest(saved()[:128] + element, NAMES)


def test_a_billion_cells_that_are_not_there_are_refused():
    content = bytearray(saved())
    at = content.index((5).to_bytes(4, "little") + (8).to_bytes(4, "little"))
    content[at + 8 : at + 16] = (1).to_bytes(4, "little") + (10**9).to_bytes(4, "little")
    with pytest.raises(Immodest, match="claims more than it holds"):
        modest(bytes(content), NAMES)


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_a_file_that_is_cut_off_is_refused_or_has_less(length):
    try:
        modest(saved()[:length].ljust(4, b"M"), NAMES)
    except Immodest:
        return
    assert length <= 128 or length > 130
