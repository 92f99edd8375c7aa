"""Whatever is sent or asked: a refusal that names what is wrong, and nothing half written."""

import json

import pytest
from tests.factories import bad_input as bad
from tests.factories.sound_bodies import NAMES, endpoints

from lab.one.urls import router

VIEWS = {prefix: view for prefix, view, _ in router.registry}


@pytest.fixture
def known(animal, alice, carol, program, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.LIMITS = settings.LIMITS | {"api-known": (10**6, 60), "api-stranger": (10**6, 60)}
    return endpoints(animal, alice)


def test_every_address_is_in_the_table(known):
    assert set(NAMES) == set(known)


def test_every_body_that_is_spoilt_here_was_sound(known, carol, program):
    """Otherwise the refusals below could have another cause."""
    client, answers = program(carol).client, {}
    for name, endpoint in known.items():
        if endpoint.body:
            sound = json.dumps(endpoint.body)
            answer = client.post(f"/alyx/{name}", sound, content_type="application/json")
            answers[name] = answer.status_code
    assert answers == {name: each.answer for name, each in known.items() if each.body}


@pytest.mark.parametrize("name", NAMES)
def test_a_body_that_cannot_be_is_refused(name, known, carol, program):
    endpoint, speaker = known[name], bad.Speaker(program(carol), name)
    for raw in bad.WHOLE:
        speaker.send("POST", name, raw)
    for field, raw in bad.spoilt(endpoint.body or {}):
        speaker.send("POST", name, raw, named=field)
    for field, raw in bad.spoilt_alone(endpoint.body or {}) if endpoint.place else ():
        speaker.send("PATCH", f"{name}/{endpoint.place}", raw, named=field)
    assert not speaker.wrong, "\n".join(speaker.wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_body_that_says_what_is_not_is_refused(name, known, carol, program):
    speaker = bad.Speaker(program(carol), name)
    for field, raw in bad.impossible(name, known[name].body or {}):
        speaker.send("POST", name, raw, named=field)
    assert not speaker.wrong, "\n".join(speaker.wrong)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_question_that_cannot_be_is_refused(name, known, carol, program):
    speaker = bad.Speaker(program(carol), name)
    view = VIEWS[name]()
    for word in view.known_filters():
        texts = {"django": bad.PHRASES}.get(word, bad.ASKED + (bad.DAYS if "date" in word else []))
        for text in [*texts, *(bad.INSIDE if word in view.json_filters else [])]:
            speaker.ask(name, word, **{word: text})
    for place in bad.PLACES:
        speaker.ask(f"{name}/{place}")
    for word in ("limit", "offset"):
        for text in ("-1", "²", "1" * 40):
            speaker.ask(name, word, **{word: text})
    speaker.ask(name, "nonsense", nonsense="1")
    assert not speaker.wrong, "\n".join(speaker.wrong)
