"""Whatever is sent or asked: a refusal that names what is wrong, and nothing half written."""

import pytest
from tests.factories import bad_input as bad

from lab.one.urls import router

VIEWS = {prefix: view for prefix, view, _ in router.registry}


@pytest.fixture
def known(animal, alice, carol, program, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.LIMITS = settings.LIMITS | {"api-known": (10**6, 60), "api-stranger": (10**6, 60)}
    return bad.endpoints(animal, alice)


def test_every_address_is_in_the_table(known):
    assert set(bad.NAMES) == set(known)


@pytest.mark.parametrize("name", bad.NAMES)
def test_a_body_that_cannot_be_is_refused(name, known, carol, program):
    endpoint, speaker = known[name], bad.Speaker(program(carol), name)
    for raw in bad.WHOLE:
        speaker.send("POST", name, raw)
    for field, raw in bad.spoilt(endpoint.body or {}):
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
