"""Scoring a design made elsewhere: any program's files, and nothing of a bad one is a crash."""

import io

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from scipy import io as matlab

from fmriplan.design import events
from planning.models import Plan, TaskDesign
from planning.queries import design_files, design_lab, kept_designs

FIELDS = {"tr_s": "2", "scans": "", "compare": "pairs", "rho": "0.3", "high_pass_s": "128"}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(design_lab, "SEARCH_S", 0.02)
    monkeypatch.setattr(design_files, "BY_CHANCE", 10)


@pytest.fixture
def score(as_, alice):
    def posted(*files, **changed):
        sent = [SimpleUploadedFile(name, content) for name, content in files]
        return as_(alice).post(reverse("planning:design-score"), FIELDS | changed | {"files": sent})

    return posted


@pytest.fixture
def shown(design):
    told = kept_designs.usable(design)
    return events.of_design(told.told.experiment, told.order, told.waits)


def words(answer):
    return answer.content.decode().replace("&#x27;", "'").replace("&gt;", ">")


def formats(shown):
    return {
        "bids": [("events.tsv", events.bids(shown).encode())],
        "fsl": [(name, text.encode()) for name, text in events.fsl(shown).items()],
        "spm": [("conditions.mat", events.spm(shown))],
        "optseq": [("design.par", events.optseq(shown).encode())],
    }


@pytest.mark.parametrize("form", ["bids", "fsl", "spm", "optseq"])
def test_the_same_design_is_worth_the_same_from_each_program(score, shown, form):
    answer = score(*formats(shown)[form])
    assert answer.status_code == 200
    assert "24 events in" in words(answer)
    assert "faces - houses" in words(answer) or "houses - faces" in words(answer)
    assert "Another order" in words(answer)
    judged = answer.context["judged"]
    plain = design_files.judge(shown, design_files.Scan(2.0, None, 0.3, 128.0), pairs=True)
    assert judged.score.detection == pytest.approx(plain.score.detection)


def test_nothing_of_the_files_is_stored(score, shown):
    score(*formats(shown)["bids"])
    assert Plan.objects.count() == TaskDesign.objects.count() == 1


def test_events_that_overlap_are_scored_and_the_page_says_why_no_order_is_searched(score):
    text = "onset\tduration\ttrial_type\n" + "".join(
        f"{place * 3}\t5\t{'ab'[place % 3 % 2]}\n" for place in range(30)
    )
    answer = score(("events.tsv", text.encode()))
    assert answer.status_code == 200
    assert "overlapping events cannot be searched" in words(answer)


def bomb():
    made = io.BytesIO()
    matlab.savemat(made, {"names": np.zeros((5000, 5000))}, do_compression=True)
    return made.getvalue()


ROW = b"onset\tduration\ttrial_type\n1\t1\ta\n"


@pytest.mark.parametrize(
    ("files", "changed", "said"),
    [
        ([], {}, "required"),
        ([("events.tsv", b"")], {}, "empty"),
        ([("events.tsv", b"onset\tduration\n")], {}, "no event"),
        ([("events.tsv", b"onset\tduration\tx\n1\tlong\ta\n")], {}, "is no number"),
        ([("events.tsv", b"onset\ttrial_type\n1\ta\n")], {}, "no column duration"),
        ([("events.tsv", b"onset\tduration\nnan\t1\n")], {}, "numbers of seconds"),
        ([("events.tsv", b"onset\tduration\n-1\t1\n")], {}, "neither is below 0"),
        ([("events.tsv", b"onset\tduration\n1e300\t1\n")], {}, "more than a page scores"),
        ([("events.tsv", b"onset\tduration\n1\t1e9\n")], {}, "more than a page scores"),
        ([("faces.txt", b"1 2\n")], {}, "has 2 columns"),
        ([("x.par", b"1 2\n")], {}, "has five"),
        ([("x.mat", b"MATLAB 5.0 MAT-file")], {}, "MATLAB"),
        ([("x.mat", b"\xff\xfe\x00\x01")], {}, "neither text nor"),
        ([("x.mat", bomb())], {}, "unpacks to too much"),
        ([("events.tsv", ROW)], {"tr_s": "0"}, "greater than"),
        ([("events.tsv", ROW)], {"tr_s": "nan"}, "Enter a number"),
        ([("events.tsv", ROW)], {"scans": "3"}, "greater than"),
        ([("events.tsv", ROW)], {"scans": "999999"}, "less than"),
        ([("events.tsv", ROW)], {"rho": "2"}, "less than"),
        ([("events.tsv", ROW)], {"high_pass_s": "1"}, "longer than two scans"),
        ([("events.tsv", ROW * 200_000)], {}, "MB are read at once"),
        ([("events.tsv", ROW)] * 51, {}, "50 files"),
        ([("events.tsv", ROW + b"2\t1\ta\n" * 6000)], {}, "events of 50 conditions"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_name(score, files, changed, said):
    answer = score(*files, **changed)
    assert answer.status_code == 422
    assert said in words(answer)


def test_one_event_alone_is_scored_without_a_search(score):
    answer = score(("events.tsv", ROW))
    assert answer.status_code == 200
    assert "There are 2 to 50 conditions" in words(answer)
