"""Who may write what by the surface for the ONE client: every verb, every role."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from tests.factories import accounts, lab, recordings
from tests.factories import notes as noted
from tests.integration.lab.test_matrix import MINE, SELF, cast, verbs

from accounts.models import AuditEntry

__all__ = ["cast"]  # the people of the table

ONE = {
    "subjects": ("experimenter own", "subject"),
    "sessions": ("experimenter own", "session"),
    "surgeries": ("experimenter own", "surgery"),
    "weighings": ("technician", "weighing"),
    "water-administrations": ("technician", "water"),
    "notes": ("technician", "note"),
    "datasets": ("experimenter", "dataset"),
    "files": ("experimenter", "file"),
    "tasks": ("experimenter", "task"),
    "data-notices": ("experimenter", "notice"),
    "projects": ("experimenter", "project"),
    "insertions": ("experimenter", "insertion"),
    "chronic-insertions": ("experimenter own", "chronic_insertion"),
    "trajectories": ("experimenter", "trajectory"),
    "channels": ("experimenter", "channel"),
    "fields-of-view": ("experimenter", "field_of_view"),
    "fov-location": ("experimenter", "fov_location"),
    "imaging-stack": ("experimenter site", "stack"),
    "revisions": ("experimenter site", "revision"),
    "downloads": ("manager mine", "download"),
    "water-type": ("colony manager site", "water_type"),
    "locations": ("manager", "location"),
    "procedures": ("manager site", "procedure"),
    "data-repository": ("manager site", "repository"),
    "data-repository-type": ("manager site", "repository_type"),
    "dataset-types": ("manager site", "dataset_type"),
    "data-formats": ("manager site", "format"),
    "tags": ("manager site", "tag"),
    "labs": ("admin", "lab"),
    "users": ("operator mine", "user"),
    "brain-regions": ("manager site", "region"),
}
MADE = {"subjects": "experimenter", "labs": "operator"}
OTHER = {"sessions": {"number": 9}}  # one that is sent again is the one that is there
ALONE = {  # what these write belongs to a kind above; the services that they call ask the same
    "register-file": "experimenter",
    "new-download": "viewer",
    "sync-file-status": "experimenter",
    "auth-token": "",  # makes a token for whoever has the password
}


@pytest.fixture
def alyx(alder, alice, settings, tmp_path):
    """Return what each kind of record is looked up by, as the ONE client does."""
    settings.MEDIA_ROOT = tmp_path
    animal = lab.subject(alder, alice)
    session = lab.session(animal, alice)
    return {
        "subject": animal.nickname,
        "session": session.pk,
        "weighing": lab.weighing(animal, alice).pk,
        "water": lab.water(animal, alice).pk,
        "water_type": lab.water_type().name,
        "location": lab.location(alder).name,
        "lab": "alder",
        "user": alice.username,
        "project": accounts.project(alder).profile.path_name,
        **lab.dataset(lab.session(animal, alice, number=2)),
        **recordings.one_of_each(lab.session(animal, alice, number=3), alice),
        **noted.beside(lab.session(animal, alice, number=4), alice),
    }


def alyx_calls(name, key, operator):
    """Yield every write call of an endpoint: verb, address, body."""
    known, at = verbs("one"), reverse(f"one:{name}-detail", args=[key])
    shown = operator.client.get(at).json()
    if (f"{name}-list", "post") in known:
        yield "post", reverse(f"one:{name}-list"), shown | OTHER.get(name, {})
    for verb, body in (("put", shown), ("patch", {}), ("delete", None)):
        if (f"{name}-detail", verb) in known:
            yield verb, at, body


def may(person, rule):
    """Say whether somebody may; what is of one person is also of who leads the lab."""
    least = rule.removesuffix(f" {MINE}")
    return person.may(least) or (rule != least and person.may(f"viewer {SELF}"))


def wrong_for_one(person, rule, verb, answer, told):
    """Return what is wrong with an answer; a body may be found wanting before its person is."""
    said = answer.status_code
    if may(person, rule):
        refused = said in {401, 403, 404} or said >= 500
        return f"{said} and refused: {answer.content[:300]}" if refused else ""
    fits = {403, 404} if rule.endswith((MINE, SELF)) or not person.has_lab else {403}
    fits |= {400} if verb in {"post", "put"} and person.account else set()
    if told:
        return f"{said}, and {told} written"
    return "" if said in fits else f"{said}, not 403: {answer.content[:200]}"


@pytest.mark.parametrize("name", sorted(ONE))
def test_each_role_writes_by_one_what_the_table_says(name, cast, alyx):
    (rule, what), mistakes = ONE[name], []
    for verb, address, body in list(alyx_calls(name, alyx[what], cast[-1])):
        for person in cast:
            with transaction.atomic():
                before = AuditEntry.objects.count()
                answer = ask_kept(person, verb, address, body)
                told = AuditEntry.objects.count() - before
                transaction.set_rollback(True)
            least = MADE.get(name, rule) if verb == "post" else rule
            if said := wrong_for_one(person, least, verb, answer, told):
                mistakes.append((person.name, verb, said))
    assert mistakes == []


def ask_kept(person, verb, address, body):
    if body is None:
        return person.client.delete(address)
    return getattr(person.client, verb)(address, body, content_type="application/json")


@pytest.mark.parametrize("name", sorted(ALONE))
def test_nobody_without_a_token_gets_past_an_address_of_one(name, db):
    given = {"username": "alice", "password": "wrong"}
    answer = Client().post(reverse(f"one:{name}"), given, content_type="application/json")
    assert answer.status_code in {400, 403}
    assert AuditEntry.objects.exclude(action__startswith="sign-in").count() == 0


def test_every_write_of_one_has_a_row():
    known = {f"{name}-{what}" for name in ONE for what in ("list", "detail")} | set(ALONE)
    assert {name for name, _ in verbs("one")} - known == set()
