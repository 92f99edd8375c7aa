"""The worked experiments, from the command that installs them to the last page."""

import json
import re
import wave

import pytest
from django.core.management import CommandError, call_command
from tests.factories import accounts
from tests.factories.runs import row
from tests.integration.experiments.taking_part import HOLDER, Participant

from accounts.models import Project
from experiments.examples import synthesis
from experiments.models import Revision, Stimulus
from runs.models import Answer, Event, Measure, Run, Visit

TRIALS = re.compile(r'"address": "([^"]+)"')


@pytest.fixture
def tokens(toylab, settings, alder, ann, capsys):
    settings.SCRIPT_LIMIT_S = 5
    project = accounts.project(alder)
    call_command("load_examples", "--by=ann", f"--project=alder/{project.slug}")
    links = capsys.readouterr().out.splitlines()
    return [link.rsplit("/", 2)[1] for link in links]


def begun(token):
    someone = Participant(token)
    someone.begin()
    someone.send(agree="1")
    return someone


def test_eight_melodies_are_rated_and_the_ratings_told(tokens):
    someone = begun(tokens[0])
    someone.send(item_age="33", item_training="2")
    ratings = iter([90, 80, 70, 60, 50, 40, 30, 20])
    while someone.title == "How was this melody?":
        mode = Stimulus.objects.get(name=Visit.objects.last().stimulus).name.split("-")[1]
        liked = next(ratings) // 10 + (80 if mode == "major" else 0)
        assert "<audio" in someone.text
        someone.send(item_liked=str(liked), item_known="1")
    assert someone.title == "One last question"
    someone.send(item_why="They sounded bright.")
    assert someone.title == "Your ratings"
    assert "<li>major: 8" in someone.text
    someone.send()
    assert someone.title == "Thank you"
    heard = [visit.stimulus for visit in Visit.objects.filter(step="rate")]
    assert len(set(heard)) == 8
    assert sum("-major-" in name for name in heard) == 4
    assert Run.objects.get().status == "completed"
    rated = Answer.objects.filter(measure__name="liked")
    assert sorted(rated.values_list("stimulus", flat=True)) == sorted(heard)
    assert Answer.objects.filter(measure__name="liked_from_middle").count() == 8
    assert not Event.objects.filter(kind="script failed").exists()


def test_who_has_heard_enough_goes_on(tokens):
    someone = begun(tokens[0])
    someone.send(item_age="33", item_training="2")
    someone.send(item_liked="50", item_known="1", leave="1")
    assert someone.title == "Your ratings"


def test_the_words_and_colours_are_named_and_the_result_told(tokens):
    someone = begun(tokens[1])
    someone.send(**{"item_age": "33", "item_sees-colours": "yes"})
    address = TRIALS.search(someone.text)[1]
    rows = [
        row(number, part="main", item="colour", ink="r", is_same=number < 6, correct=number != 3,
            rt=500 if number < 6 else 650, response="r" if number != 3 else "g")
        for number in range(12)
    ]  # fmt: skip
    events = [{"number": 0, "kind": "task finished", "at_ms": 1.0, "data": {"rows": 12}}]
    holder = HOLDER.search(someone.text)[1]
    body = {"holder": holder, "sent_at": "2026-05-01T10:00:00Z", "rows": rows, "events": events}
    sent = someone.browser.post(address, json.dumps(body), content_type="application/json")
    assert sent.json() == {"stored": list(range(12)), "disputed": []}
    someone.look()
    someone.send(page=someone.text.split('id="task-after"')[1], item_hard="2", item_tired="1")
    assert someone.title == "Your result"
    assert "You named 11 of 12 colours correctly." in someone.text
    assert "you took 500 ms" in someone.text
    assert "another one, 650 ms" in someone.text
    someone.send()
    assert someone.title == "Thank you"
    named = Answer.objects.filter(measure__name="colour", trial__isnull=False)
    assert named.count() == 12
    assert not Measure.objects.filter(is_unforeseen=True).exists()


def test_installed_again_nothing_is_there_twice(tokens, ann, capsys):
    revisions, stimuli = Revision.objects.count(), Stimulus.objects.count()
    project = Project.objects.get()
    call_command("load_examples", "--by=ann", f"--project=alder/{project.slug}")
    assert (Revision.objects.count(), Stimulus.objects.count()) == (revisions, stimuli) == (2, 12)


def test_an_operator_needs_to_say_nothing(toylab, settings, db, capsys):
    settings.SCRIPT_LIMIT_S = 5
    with pytest.raises(CommandError, match="Nobody looks after this site"):
        call_command("load_examples")
    accounts.person("olga", is_staff=True, is_superuser=True)
    call_command("load_examples")
    assert Project.objects.get().slug == "examples"
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_melody_is_a_sound_as_long_as_it_says(tmp_path):
    melody = synthesis.melodies()[0]
    file = tmp_path / "melody.wav"
    file.write_bytes(synthesis.sound(melody))
    with wave.open(str(file)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(melody.duration_s)
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
    assert 8_000 < max(samples) < 32_767
    assert abs(samples[0]) < 50
