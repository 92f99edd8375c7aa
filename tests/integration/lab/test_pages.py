"""Long lists come in pieces that fit together, however far from the start, and are searched."""

from datetime import timedelta

import pytest
from tests.factories import lab as make

from lab import models, recording
from lab.one import pages
from lab.queries import words

COUNT = 23


@pytest.fixture
def weighed(alder, alice):
    """An animal that was weighed many times, several times at the same moment."""
    animal = make.subject(alder, alice)
    for number in range(COUNT):
        make.weighing(animal, alice, 20 + number, at=make.MORNING + timedelta(hours=number // 5))
    return animal


@pytest.mark.parametrize("far", [0, 1000])
@pytest.mark.parametrize("limit", [1, 4, 23, 100])
def test_the_pieces_of_a_list_are_the_list(weighed, alice, program, monkeypatch, far, limit):
    monkeypatch.setattr(pages, "FAR", far)
    client = program(alice)
    whole = [row["url"] for row in client.get("weighings").json()["results"]]
    assert len(set(whole)) == COUNT
    found = []
    for offset in range(0, COUNT, limit):
        answer = client.get("weighings", limit=limit, offset=offset).json()
        assert answer["count"] == COUNT
        found += [row["url"] for row in answer["results"]]
    assert found == whole


@pytest.mark.parametrize("far", [0, 1000])
def test_a_piece_after_the_end_is_empty(weighed, alice, program, monkeypatch, far):
    monkeypatch.setattr(pages, "FAR", far)
    assert program(alice).get("weighings", offset=COUNT).json()["results"] == []


@pytest.fixture
def filed(alder, alice):
    """Datasets in several folders."""
    session = make.session(make.subject(alder, alice), alice)
    made = make.dataset(session)
    kind, form = models.DatasetType.objects.get(), models.DataFormat.objects.get()
    for folder in ("alf", "alf/probe00", "ALF/Probe01", "raw_video_data"):
        for name in ("spikes.times.npy", "_ibl_trials.table.pqt"):
            make.made(models.Dataset, session=session, lab=alder, type=kind, format=form,
                      collection=folder, name=name)  # fmt: skip
    return made


@pytest.mark.parametrize("most", [1000, 2])
@pytest.mark.parametrize(
    ("phrase", "count"),
    [
        ("collection__icontains,probe", 4),
        ("collection__icontains,PROBE0", 4),
        ("collection__startswith,raw", 2),
        ("collection__istartswith,alf", 6),
        ("collection__endswith,probe00", 2),
        ("collection__iexact,ALF", 2),
        ("collection__icontains,nowhere", 0),
        ("~collection__icontains,probe", 5),
        ("collection__icontains,alf,name__icontains,spikes", 3),
        ("collection,alf", 2),
    ],
)
def test_datasets_are_found_by_a_part_of_their_folder(
    filed, alice, program, monkeypatch, phrase, count, most
):
    monkeypatch.setattr(words, "MOST", most)  # with two, the words are too many to be walked
    assert program(alice).get("datasets", django=phrase).json()["count"] == count


@pytest.mark.parametrize(
    ("phrase", "count"),
    [
        ("data_dataset_session_related__collection__icontains,probe", 1),
        ("data_dataset_session_related__collection__icontains,nowhere", 0),
        ("~data_dataset_session_related__collection__icontains,probe", 0),
        ("~data_dataset_session_related__collection__icontains,nowhere", 1),
    ],
)
def test_sessions_are_found_by_a_part_of_a_folder_of_theirs(filed, alice, program, phrase, count):
    assert program(alice).get("sessions", django=phrase).json()["count"] == count


def test_the_walk_finds_each_word_once(filed):
    assert sorted(words.all_words(models.Dataset, "collection"), key=str.lower) == [
        "", "alf", "alf/probe00", "ALF/Probe01", "raw_video_data",
    ]  # fmt: skip


def test_the_walk_of_nothing_is_empty(db):
    with recording.by(None):
        assert words.all_words(models.Dataset, "name") == []
