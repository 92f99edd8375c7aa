"""Who may write what by the lab's API: every write verb of every endpoint, for every role.

A row says from which role on somebody may write; `own` adds that an experimenter may do so with
animals of their own alone. Endpoints and verbs come from the addresses of the site: one without a
row fails. Whoever may not is answered 403; somebody of another lab, that there is no such thing.
"""

from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from tests.factories import accounts, lab, lab_kinds

from accounts.services import tokens
from lab import models

WRITES = {"post", "put", "patch", "delete"}
ROLES = ["viewer", "technician", "experimenter", "colony manager", "manager", "admin", "operator"]
SITE = "site"  # the kind belongs to no lab: the role in any lab counts
OWN = "own"  # below a colony manager only animals that one is responsible for
MINE = "mine"  # only for oneself, whatever the role; operators for everybody
SELF = "self"  # only for oneself

# From which role on records of a resource are created, changed and deleted, one or many.
LAB_API = {
    "subjects": "experimenter own",
    "subject-names": "experimenter own",
    "sessions": "experimenter own",
    "surgeries": "experimenter own",
    "virus-injections": "experimenter own",
    "chronic-recordings": "experimenter own",
    "other-actions": "experimenter own",
    "water-restrictions": "experimenter own",
    "weighings": "technician",
    "water-administrations": "technician",
    "housing-periods": "technician",
    "genotype-tests": "technician",
    "notes": "technician",
    "requests": "experimenter",
    "datasets": "experimenter",
    "files": "experimenter",
    "tasks": "experimenter",
    "revisions": "experimenter site",
    "projects": "experimenter",
    "lines": "colony manager",
    "breeding-pairs": "colony manager",
    "litters": "colony manager",
    "culls": "colony manager",
    "housings": "colony manager",
    "zygosities": "colony manager",
    "zygosity-rules": "colony manager",
    "alleles": "colony manager site",
    "sequences": "colony manager site",
    "species": "colony manager site",
    "strains": "colony manager site",
    "sources": "colony manager site",
    "cage-types": "colony manager site",
    "enrichments": "colony manager site",
    "foods": "colony manager site",
    "cull-reasons": "colony manager site",
    "cull-methods": "colony manager site",
    "water-types": "colony manager site",
    "procedure-types": "manager site",
    "repositories": "manager site",
    "dataset-types": "manager site",
    "data-formats": "manager site",
    "tags": "manager site",
    "probe-models": "manager site",
    "coordinate-systems": "manager site",
    "imaging-types": "manager site",
    "locations": "manager",
    "labs": "admin",
    "affiliations": "admin",
    "growth-points": "admin",
    "people": "viewer mine",
    "notification-rules": "viewer self",
}
CREATED = {"subjects": "experimenter"}  # for whomever it is
TRASH = {"trash-restore": "experimenter own"}
# What a new record says, beyond what is copied from the one that is there.
NEW: dict[str, dict[str, Any]] = {
    "subjects": {"nickname": "KS999", "litter": None, "request": None},
    "sessions": {"number": 7},
    "lines": {"nickname": "NEW", "name": "New"},
    "breeding-pairs": {"name": "New"},
    "litters": {"name": "New"},
    "alleles": {"nickname": "New"},
    "zygosity-rules": {"result0": "absent"},
    "files": {"relative_path": "a/new.npy"},
    "datasets": {"name": "wheel.velocity.npy"},
    "growth-points": {"age_weeks": 13},
    "notification-rules": {"kind": "mouse_water"},
    "subject-names": {"name": "Lazy"},
    "housings": {"cage_name": "C9"},
    "housing-periods": {"began_at": "2026-02-01T09:00:00Z", "ended_at": "2026-02-02T09:00:00Z"},
    "water-restrictions": {"ended_at": "2026-03-02T10:00:00Z"},
    "data-formats": {"name": "New", "file_extension": ".new"},
    "dataset-types": {"name": "New", "filename_pattern": None},
}
NAMED = {
    "sequences", "species", "strains", "sources", "cage-types", "enrichments", "foods", "tags",
    "cull-reasons", "cull-methods", "water-types", "procedure-types", "repositories", "revisions",
    "probe-models", "coordinate-systems", "imaging-types", "locations", "tasks",
}  # fmt: skip


class Person:
    """Somebody of the table: what they are, and a program that speaks for them."""

    def __init__(self, name, account, role, *, scope="write", has_lab=True, owns=False):
        self.name, self.account, self.role = name, account, role
        self.scope, self.has_lab, self.owns = scope, has_lab, owns
        headers = {"Accept": "application/json"}
        if account:
            _token, secret = tokens.create_token(user=account, name="test", scope=scope)
            headers["Authorization"] = f"Token {secret}"
        self.client = Client(headers=headers)

    def may(self, rule):
        least, _, how = rule.partition(" ") if " " not in rule else _split(rule)
        if not self.account or self.scope == "read":
            return False
        if how in {MINE, SELF}:
            return self.owns or (how == MINE and self.role == "operator")
        if not self.has_lab and how != SITE:
            return False
        if ROLES.index(self.role) < ROLES.index(least):
            return False
        is_free = ROLES.index(self.role) >= ROLES.index("colony manager")
        return how != OWN or is_free or self.owns


def _split(rule):
    for how in (OWN, SITE, MINE, SELF):
        if rule.endswith(f" {how}"):
            return rule.removesuffix(f" {how}"), " ", how
    return rule, "", ""


@pytest.fixture
def cast(alder, birch, alice, carol, olga):
    def member(name, role, lab=alder):
        return accounts.person(name, lab=lab, role=role)

    ada = member("ada", "admin")
    return [
        Person("stranger", None, ""),
        Person("outsider", member("zoe", "admin", birch), "admin", has_lab=False),
        Person("viewer", member("victor", "viewer"), "viewer"),
        Person("technician", member("tess", "technician"), "technician"),
        Person("experimenter of another animal", member("erin", "experimenter"), "experimenter"),
        Person("experimenter", alice, "experimenter", owns=True),
        Person("colony manager", member("cole", "colony manager"), "colony manager"),
        Person("manager", carol, "manager"),
        Person("admin", ada, "admin"),
        Person("admin who may only read", ada, "admin", scope="read"),
        Person("operator", olga, "operator"),
    ]


@pytest.fixture
def each(alder, alice):
    return lab_kinds.one_of_each(alder, alice)


@cache
def verbs(namespace):
    """Return every write verb of every address: {(name, verb)}."""
    found, stack = set(), [(get_resolver(), "")]
    while stack:
        resolver, inside = stack.pop()
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                stack.append((pattern, pattern.namespace or inside))
            elif inside == namespace:
                found |= {(pattern.name, verb) for verb in _verbs(pattern.callback)}
    return found


def _verbs(callback):
    actions = getattr(callback, "actions", None)
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    known = set(actions) if actions else {verb for verb in WRITES if hasattr(view, verb)}
    return known & WRITES & {name.lower() for name in view.http_method_names}


def ask(person, verb, address, body):
    """Send a call, and undo what it has done."""
    with transaction.atomic():
        answer = getattr(person.client, verb)(address, body, content_type="application/json")
        transaction.set_rollback(True)
    return answer


def wrong(person, rule, answer, *, no_key=401):
    """Return what is wrong with an answer; nothing when it is as the table says."""
    said = answer.status_code
    if person.may(rule):
        return f"{said} and not done: {answer.content[:300]}" if said >= 300 else ""
    if person.account is None:
        return "" if said == no_key else f"{said}, not {no_key}"
    if rule.endswith((MINE, SELF)) and said == 404:
        return ""  # nobody sees those of others
    if person.scope == "read" or person.has_lab:
        return "" if said == 403 else f"{said}, not 403: {answer.content[:200]}"
    refused = said in {403, 404, 422} or (no_key == 403 and said == 400)
    return "" if refused else f"{said} for an outsider: {answer.content[:200]}"


# --- the lab's own API ----------------------------------------------------------------------------
def new_body(name, shown, operator):
    writable = fields_of(name, operator)
    body = {key: value for key, value in shown.items() if key in writable}
    body |= {"name": "New"} if name in NAMED else {}
    return body | NEW.get(name, {})


def fields_of(name, operator):
    from lab.api.resources import BY_NAME  # noqa: PLC0415  the addresses are there by then
    from lab.api.shapes import shape_of  # noqa: PLC0415

    return {key for key, one in shape_of(BY_NAME[name])().fields.items() if not one.read_only}


def calls_of(name, record, person_sees, namespace="lab-api"):
    """Yield every write call of a resource: verb, address, body."""
    known = verbs(namespace)
    one, many = f"{name}-detail", f"{name}-list"
    at, all_ = reverse(f"lab-api:{one}", args=[record.pk]), reverse(f"lab-api:{many}")
    body = new_body(name, person_sees, None)
    key = str(record.pk)
    wanted = {
        (many, "post"): [(all_, body), (all_, [body])],
        (many, "patch"): [(all_, [{"id": key}])],
        (many, "delete"): [(all_, [key])],
        (one, "patch"): [(at, {})],
        (one, "delete"): [(at, None)],
    }
    for (address, verb), calls in wanted.items():
        if (address, verb) in known:
            yield from ((verb, where, sent) for where, sent in calls)


# Deleting what others need is refused to everybody, after who may is settled.
NEEDED = {
    "lines", "alleles", "sequences", "housings", "dataset-types", "data-formats", "repositories",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LAB_API))
def test_each_role_writes_what_the_table_says(name, cast, each):
    record, rule, mistakes = each[name], LAB_API[name], []
    shown = cast[-1].client.get(reverse(f"lab-api:{name}-detail", args=[record.pk])).json()
    if name == "culls":  # a dead animal is not culled again
        living = models.Subject.objects.filter(died_on=None).first()
        NEW["culls"] = {"subject": str(living.pk), "culled_on": "2026-04-01"}
    for person in cast:
        for verb, address, body in calls_of(name, record, shown):
            answer = ask(person, verb, address, body)
            if verb == "delete" and name in NEEDED and answer.status_code == 409:
                continue
            if _is_for_oneself(name, verb, body) and person.account and person.scope == "write":
                continue
            least = CREATED.get(name, rule) if verb == "post" else rule
            if said := wrong(person, least, answer):
                mistakes.append((person.name, verb, address.rpartition("/lab/")[2], said))
    assert mistakes == []


def _is_for_oneself(name, verb, body):
    """Say whether a call makes something for whoever sends it, so that everybody may."""
    return name == "notification-rules" and verb == "post"


def test_each_role_restores_what_the_table_says(cast, each, alice):
    animal = each["subjects"]
    assert cast[5].client.delete(f"/api/v1/lab/sessions/{each['sessions'].pk}").status_code == 204
    kept = models.DeletedRecord.objects.get()
    address, mistakes = reverse("lab-api:trash-restore", args=[kept.pk]), []
    for person in cast:
        answer = ask(person, "post", address, None)
        is_unseen = answer.status_code == 404 and not person.may(TRASH["trash-restore"])
        if not is_unseen and (said := wrong(person, TRASH["trash-restore"], answer)):
            mistakes.append((person.name, said))
    assert mistakes == []
    assert animal.pk


ACTIONS = {
    "moves": "technician",
    "hand-over": "experimenter own",
    "subjects-revive": "colony manager",
    "water-restrictions-end": "experimenter own",
    "requests-fulfil": "experimenter own",
}


def action_calls(each, house, by):
    """Return the address and the body of every action."""
    born = {"line": each["lines"], "sex": "F"}
    animal = lab.subject(house, by, "KS777", **born)
    cage = lab.made(models.Housing, cage_name="C2", lab=house)
    some = {"subjects": [str(animal.pk)]}
    return {
        "moves": ([], some | {"housing": str(cage.pk)}),
        "hand-over": ([], some | {"to": "carol"}),
        "subjects-revive": ([each["culls"].subject_id], {}),
        "water-restrictions-end": ([each["water-restrictions"].pk], {}),
        "requests-fulfil": ([each["requests"].pk], some),
    }


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_each_role_acts_as_the_table_says(name, cast, each, alder, alice):
    given, body = action_calls(each, alder, alice)[name]
    address, mistakes = reverse(f"lab-api:{name}", args=given), []
    for person in cast:
        answer = ask(person, "post", address, body)
        if said := wrong(person, ACTIONS[name], answer):
            mistakes.append((person.name, said))
    assert mistakes == []


def test_every_write_of_the_lab_api_has_a_row():
    known = {f"{name}-{what}" for name in LAB_API for what in ("list", "detail")}
    known |= {*TRASH, *ACTIONS}
    assert {name for name, _ in verbs("lab-api")} - known == set()


# --- nobody makes themselves more powerful --------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("lab-api:people-detail", {"is_public": False}),
        ("lab-api:people-detail", {"user": "olga"}),
        ("lab-api:labs-detail", {"lab": "birch"}),
        ("one:users-detail", {"is_superuser": True}),
        ("one:users-detail", {"is_stock_manager": True}),
    ],
)
@pytest.mark.parametrize("verb", ["patch", "put", "post"])
def test_nobody_promotes_themselves(cast, each, alice, address, body, verb):
    given = {"people": alice.profile.pk, "labs": each["labs"].pk}.get(
        address.partition(":")[2].partition("-")[0], "alice"
    )
    for person in cast:
        answer = ask(person, verb, reverse(address, args=[given]), body)
        assert answer.status_code >= 400, (person.name, answer.content)


def test_an_affiliation_gives_no_role(cast, alder, alice):
    body = {"user": "victor", "lab": "alder", "role": "admin"}
    ada = next(person for person in cast if person.name == "admin")
    answer = ada.client.post("/api/v1/lab/affiliations", body, content_type="application/json")
    assert answer.status_code == 201
    victor = next(person for person in cast if person.name == "viewer")
    refused = ask(victor, "post", "/api/v1/lab/affiliations", body)
    assert refused.status_code == 403
