"""Who may open what: every address of the site, for every kind of person.

A row gives the answers to a stranger, alice (experimenter of Alder), bob (of Birch), carol (manager
of Alder) and olga (operator). `in` is the way to the sign-in page. An address without a row fails.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.shortcuts import resolve_url
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from tests.factories import accounts as make
from tests.factories import designs, experiments, groups, recordings
from tests.factories import lab as records
from tests.factories import notes as noted
from tests.integration import access_of_2020, access_of_planning, access_of_runs

from jobs.models import Job, Status
from lab import recording
from lab.models import FileScan, Repository
from ops.models import ErrorReport
from pipeline import ledger
from runs.models import Participant

PEOPLE = ("stranger", "alice", "bob", "carol", "olga")

EVERYBODY = "200 200 200 200 200"
SIGNED_IN = "in  200 200 200 200"
ALDER = "in  200 404 200 200"
MANAGERS = "in  403 404 200 200"
OPERATORS = "in  404 404 404 200"  # others do not learn that these pages exist
OPERATORS_SAID = "in  403 403 403 200"
WITH_KEY = "401 200 200 200 200"
ALDER_WITH_KEY = "401 200 404 200 200"
# The ONE client takes 403, not 401, for a request to sign in again.
FOR_ONE = "403 200 200 200 200"
ALDER_FOR_ONE = "403 200 404 200 200"
LIGHTMILL = "factorial:lightmill-2025"
BARRED = "403 403 403 403 403"
ABSENT = "404 404 404 404 404"


@dataclass(frozen=True)
class Row:
    """One address and one method."""

    name: str
    answers: str
    method: str = "get"
    given: tuple[str, ...] = ()  # names of the objects of `site` that the address is made of
    data: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def post(name: str, answers: str, *given: str, **data: str) -> Row:
    return Row(name, answers, "post", given, data)


def get(name: str, answers: str, *given: str) -> Row:
    return Row(name, answers, "get", given)


ROWS = [
    get("api-schema", EVERYBODY),
    get("components", EVERYBODY),
    get("home", EVERYBODY),
    get("search", SIGNED_IN),
    post("theme", "302 302 302 302 302"),
    get("accounts:history", OPERATORS_SAID),
    get("accounts:history-csv", OPERATORS_SAID),
    get("accounts:lab", ALDER, "lab"),
    get("accounts:lab-create", OPERATORS_SAID),
    post("accounts:lab-create", OPERATORS_SAID),
    get("accounts:lab-settings", "in 403 404 403 200", "lab"),
    post("accounts:lab-settings", "in 403 404 403 200", "lab"),
    get("accounts:labs", SIGNED_IN),
    get("accounts:password-change", SIGNED_IN),
    post("accounts:password-change", SIGNED_IN),
    get("accounts:password-forgotten", EVERYBODY),
    post("accounts:password-forgotten", EVERYBODY),
    get("accounts:password-reset", "404 404 404 404 404", "secret"),
    post("accounts:password-reset", "404 404 404 404 404", "secret"),
    get("accounts:people-csv", ALDER, "lab"),
    get("accounts:person", ALDER, "lab", "person"),
    # Alice sees her own page; it offers her no role, and takes none from her.
    post("accounts:person", "in  200 404 302 302", "lab", "person", role="viewer"),
    post("accounts:person-activate", "in 403 404 302 302", "lab", "person"),
    get("accounts:person-add", MANAGERS, "lab"),
    post("accounts:person-add", MANAGERS, "lab"),
    get("accounts:person-invite", MANAGERS, "lab"),
    post("accounts:person-invite", MANAGERS, "lab"),
    post("accounts:person-link", "in 403 404 403 200", "lab", "person"),
    post("accounts:person-remove", "in 302 404 302 302", "lab", "person"),
    post("accounts:person-second-factor-off", "in 409 404 403 409", "lab", "person"),
    post("accounts:person-unlock", "in 403 404 302 302", "lab", "person"),
    get("accounts:profile", SIGNED_IN),
    post("accounts:profile", SIGNED_IN),
    get("accounts:project", ALDER, "lab", "project"),
    post("accounts:project-archive", "in 403 404 302 302", "lab", "project"),
    get("accounts:project-create", ALDER, "lab"),
    post("accounts:project-create", ALDER, "lab"),
    get("accounts:project-edit", ALDER, "lab", "project"),
    post("accounts:project-edit", ALDER, "lab", "project"),
    get("accounts:projects", SIGNED_IN),
    get("accounts:projects-csv", SIGNED_IN),
    get("accounts:recovery-codes", SIGNED_IN),
    post("accounts:recovery-codes", "in 409 409 409 409"),
    get("accounts:second-factor-off", SIGNED_IN),
    post("accounts:second-factor-off", SIGNED_IN),
    get("accounts:second-factor-on", SIGNED_IN),
    post("accounts:second-factor-on", SIGNED_IN),
    get("accounts:security", SIGNED_IN),
    post("accounts:session-end", "in 404 404 404 404", "nobody"),
    get("accounts:sign-in", "200 302 302 302 302"),
    get("accounts:sign-in-code", "302 302 302 302 302"),
    post("accounts:sign-in-code", "302 302 302 302 302"),
    post("accounts:sign-out", "302 302 302 302 302"),
    post("accounts:sign-out-everywhere", "in 302 302 302 302"),
    post("accounts:token-revoke", "in 404 404 404 404", "nobody"),
    get("accounts:tokens", SIGNED_IN),
    post("accounts:tokens", SIGNED_IN),
    get("accounts:welcome", "404 404 404 404 404", "secret"),
    post("accounts:welcome", "404 404 404 404 404", "secret"),
    # Whoever has the link takes part; nobody else learns whether there is a study.
    get("experiments:page", "404 404 404 404 404", "secret"),
    get("experiments:about", "404 404 404 404 404", "secret"),
    get("experiments:consent-copy", "404 404 404 404 404", "secret"),
    get("experiments:withdraw", "404 404 404 404 404", "secret"),
    post("experiments:about-mail", "404 404 404 404 404", "secret"),
    post("experiments:withdraw", "404 404 404 404 404", "secret"),
    get("experiments:group-ask", "404 404 404 404 404", "secret"),
    post("experiments:group-ask", "404 404 404 404 404", "secret"),
    get("factorial:designs", SIGNED_IN),
    get("factorial:bring", SIGNED_IN),
    post("factorial:bring", SIGNED_IN),
    get("factorial:make", SIGNED_IN),
    post("factorial:make", SIGNED_IN),
    get("factorial:design", ALDER, "design"),
    get("factorial:balance", ALDER, "design"),
    get("factorial:design-xml", ALDER, "design"),
    get("factorial:design-table", ALDER, "design"),
    get("factorial:extend", ALDER, "design"),
    post("factorial:extend", ALDER, "design"),
    get("experiments:groups", SIGNED_IN),
    *(Row(*each) for each in access_of_2020.rows()),
    *(Row(*each) for each in access_of_runs.ROWS),
    *(Row(*each) for each in access_of_planning.ROWS),
    get("experiments:protocols", SIGNED_IN),
    get("admin:experiments_stimulus_upload", "302 200 403 200 200"),
    post("admin:experiments_stimulus_upload", "302 200 403 200 200"),
    get("experiments:protocol", ALDER, "protocol"),
    get("experiments:report", ALDER, "protocol"),
    get("experiments:group", ALDER, "group"),
    get("experiments:group-state", ALDER, "group"),
    post("experiments:group-begin", "in 302 404 302 302", "group"),
    post("experiments:group-go-on", "in 302 404 302 302", "group"),
    post("experiments:group-notes", "in 302 404 302 302", "group", notes="They were early."),
    post("experiments:group-abort", "in 302 404 302 302", "group"),
    get("experiments:series", "404 404 404 404 404", "secret"),
    post("experiments:series", "404 404 404 404 404", "secret"),
    get("experiments:welcome", "404 404 404 404 404", "secret"),
    post("experiments:submit", "404 404 404 404 404", "secret", "no_visit"),
    get("experiments:module", "404 404 404 404 404", "secret", "secret"),
    get("experiments:stimulus", "404 404 404 404 404", "secret", "secret"),
    # Without a body it is unreadable, whoever sends it.
    post("experiments:trials", "422 422 422 422 422", "secret", "no_visit"),
    post("experiments:upload-begin", "404 404 404 404 404", "secret", "no_visit"),
    post("experiments:upload-add", "404 404 404 404 404", "secret", "no_visit", "no_visit"),
    post("experiments:take-over", "404 404 404 404 404", "secret"),
    post("experiments:go-back", "404 404 404 404 404", "secret"),
    post("experiments:welcome", "404 404 404 404 404", "secret"),
    # Clients of 2025 have sessions of their own; who is signed in here counts for nothing there.
    *(get(f"{LIGHTMILL}:{name}", BARRED) for name in ("runs", "logs")),
    *(get(f"{LIGHTMILL}:{name}", BARRED, "nobody") for name in ("experiment", "run", "log")),
    get(f"{LIGHTMILL}:experiments", EVERYBODY),
    get(f"{LIGHTMILL}:session", ABSENT, "secret"),
    get(f"{LIGHTMILL}:nothing", ABSENT),
    *(post(f"{LIGHTMILL}:{name}", BARRED) for name in ("runs", "logs", "batch")),
    # A form is not what they send.
    *(post(f"{LIGHTMILL}:{name}", "415 415 415 415 415") for name in ("sessions", "experiments")),
    # For outside tests; no site has them (tests/integration/factorial/lightmill2025/test_hooks.py).
    *(post(f"{LIGHTMILL}:hook-{name}", "422 422 422 422 422") for name in ("reset", "attach")),
    *(post(f"factorial:hook-{name}", "422 422 422 422 422") for name in ("reset", "attach")),
    get("participants:list", ALDER, "lab", "project"),
    post("participants:find", "in 403 404 403 403", "lab", "project"),
    get("participants:participant", ALDER, "lab", "project", "pseudonym"),
    post("participants:read", "in 403 404 403 403", "lab", "project", "pseudonym"),
    post("participants:hand-out", "in 422 404 422 422", "lab", "project", "pseudonym"),
    post("participants:erase", "in 403 404 422 422", "lab", "project", "pseudonym"),
    get("accounts-api:me", WITH_KEY),
    get("accounts-api:people", ALDER_WITH_KEY, "lab"),
    get("accounts-api:projects", WITH_KEY),
    post("jobs:cancel", "in 302 404 302 302", "job"),
    get("jobs:card", ALDER, "job"),
    get("jobs:csv", SIGNED_IN),
    get("jobs:job", ALDER, "job"),
    get("jobs:list", SIGNED_IN),
    get("jobs:log", ALDER, "job"),
    post("jobs:retry", "in 409 404 409 409", "failed"),
    post("jobs:self-test", "in 403 403 403 302"),
    post("jobs-api:cancel", ALDER_WITH_KEY, "job"),
    get("jobs-api:job", ALDER_WITH_KEY, "job"),
    get("jobs-api:list", WITH_KEY),
    post("one:auth-token", "400 400 400 400 400"),
    # GET with a body, as ONE sends it; without one there is no session to speak of.
    get("lab-scans:list", WITH_KEY),
    get("lab-scans:detail", "401 404 404 200 200", "scan"),
    get("lab-scans:findings", "401 404 404 200 200", "scan"),
    get("one:cache", FOR_ONE),
    get("one:cache-info", FOR_ONE),
    get("one:cache-of-tag", FOR_ONE, "tag"),
    get("one:check-protected", "403 400 400 400 400"),
    get("one:data-formats-list", FOR_ONE),
    get("one:data-formats-detail", FOR_ONE, "format"),
    get("one:data-repository-list", FOR_ONE),
    get("one:data-repository-detail", FOR_ONE, "repository"),
    get("one:data-repository-type-list", FOR_ONE),
    get("one:data-repository-type-detail", FOR_ONE, "repository_type"),
    get("one:dataset-types-list", FOR_ONE),
    get("one:dataset-types-detail", FOR_ONE, "dataset_type"),
    get("one:datasets-list", FOR_ONE),
    get("one:datasets-detail", ALDER_FOR_ONE, "dataset"),
    get("one:download", "401 404 404 404 404", "nowhere"),
    get("one:files-list", FOR_ONE),
    get("one:files-detail", ALDER_FOR_ONE, "file"),
    post("one:register-file", "403 400 400 400 400"),
    get("one:data-notices-list", FOR_ONE),
    get("one:data-notices-detail", ALDER_FOR_ONE, "notice"),
    get("one:downloads-list", FOR_ONE),
    get("one:downloads-detail", ALDER_FOR_ONE, "download"),
    post("one:new-download", "403 400 400 400 400"),
    get("one:notes-list", FOR_ONE),
    get("one:notes-detail", ALDER_FOR_ONE, "note"),
    get("one:procedures-list", FOR_ONE),
    get("one:procedures-detail", FOR_ONE, "procedure"),
    get("one:surgeries-list", FOR_ONE),
    get("one:surgeries-detail", ALDER_FOR_ONE, "surgery"),
    get("one:sync-file-status", FOR_ONE),
    post("one:sync-file-status", "403 400 400 400 400"),
    get("one:tasks-list", FOR_ONE),
    get("one:tasks-detail", ALDER_FOR_ONE, "task"),
    get("one:uploaded", "401 200 404 200 200", "picture"),
    get("one:revisions-list", FOR_ONE),
    get("one:revisions-detail", FOR_ONE, "revision"),
    get("one:tags-list", FOR_ONE),
    get("one:tags-detail", FOR_ONE, "tag"),
    get("one:labs-list", FOR_ONE),
    get("one:labs-detail", ALDER_FOR_ONE, "lab"),
    get("one:locations-list", FOR_ONE),
    get("one:locations-detail", ALDER_FOR_ONE, "location"),
    get("one:me", FOR_ONE),
    get("one:projects-list", FOR_ONE),
    get("one:projects-detail", ALDER_FOR_ONE, "project"),
    get("one:schema", EVERYBODY),
    get("one:brain-regions-list", FOR_ONE),
    get("one:brain-regions-detail", FOR_ONE, "region"),
    get("one:channels-list", FOR_ONE),
    get("one:channels-detail", ALDER_FOR_ONE, "channel"),
    get("one:chronic-insertions-list", FOR_ONE),
    get("one:chronic-insertions-detail", ALDER_FOR_ONE, "chronic_insertion"),
    get("one:fields-of-view-list", FOR_ONE),
    get("one:fields-of-view-detail", ALDER_FOR_ONE, "field_of_view"),
    get("one:fov-location-list", FOR_ONE),
    get("one:fov-location-detail", ALDER_FOR_ONE, "fov_location"),
    get("one:imaging-stack-list", FOR_ONE),
    get("one:imaging-stack-detail", FOR_ONE, "stack"),
    get("one:insertions-list", FOR_ONE),
    get("one:insertions-detail", ALDER_FOR_ONE, "insertion"),
    get("one:trajectories-list", FOR_ONE),
    get("one:trajectories-detail", ALDER_FOR_ONE, "trajectory"),
    get("one:sessions-list", FOR_ONE),
    get("one:sessions-detail", ALDER_FOR_ONE, "session"),
    get("one:subjects-list", FOR_ONE),
    get("one:subjects-detail", ALDER_FOR_ONE, "subject"),
    get("one:users-list", FOR_ONE),
    get("one:users-detail", ALDER_FOR_ONE, "person"),
    get("one:requirement", ALDER_FOR_ONE, "subject"),
    get("one:water-administrations-list", FOR_ONE),
    get("one:water-administrations-detail", ALDER_FOR_ONE, "water"),
    get("one:water-restriction-list", FOR_ONE),
    get("one:water-restriction-detail", ALDER_FOR_ONE, "restriction"),
    get("one:water-restricted-subjects-list", FOR_ONE),
    get("one:water-type-list", FOR_ONE),
    get("one:water-type-detail", FOR_ONE, "water_type"),
    get("one:weighings-list", FOR_ONE),
    get("one:weighings-detail", ALDER_FOR_ONE, "weighing"),
    post("ops:backup-now", "in  404 404 404 302"),
    get("ops:backups", OPERATORS),
    get("ops:error", OPERATORS, "error"),
    post("ops:error-reopen", "in  404 404 404 302", "error"),
    post("ops:error-resolve", "in  404 404 404 302", "error"),
    get("ops:errors", OPERATORS),
    get("ops:health", EVERYBODY),
    get("ops:health-ready", EVERYBODY),
    get("ops:overview", OPERATORS),
    get("ops:release", OPERATORS, "release"),
    get("ops:releases", OPERATORS),
    get("ops:releases-csv", OPERATORS),
    get("ops:schedule", OPERATORS),
]

# The lab's API: each role at each of its addresses is in tests/integration/lab/test_matrix.py.
LAB_API = "lab-api"

# The administration: the lab's records for all who record something, accounts for operators.
ADMINISTRATION = "admin"
UNNAMED = {"admin/login/"}


@pytest.fixture
def site(alice, bob, carol, olga, settings, tmp_path) -> dict[str, Any]:
    """Make one of each kind of thing that an address may name; all of it is Alder's."""
    settings.LEDGER = tmp_path / "ledger.jsonl"
    settings.BACKUPS = tmp_path / "backups"
    settings.CACHE_TABLES = tmp_path / "tables"
    ledger.append(settings.LEDGER, {"outcome": "live", "kind": "push"})
    lab = alice.memberships.get().lab
    project = make.project(lab, "Memory")
    now = timezone.now()
    settings.JOB_FILES = tmp_path / "jobs"
    settings.MEDIA_ROOT = tmp_path / "media"
    work = {"name": "ops.self_test", "label": "Export", "project": project, "created_by": alice}
    report = {"kind": "KeyError", "place": "here", "first_seen_at": now, "last_seen_at": now}
    job = Job.objects.create(**work)
    job.folder.mkdir(parents=True)
    job.log_file.write_text("It began.")
    animal = records.subject(lab, alice)
    return {
        "subject": animal.nickname,
        "session": records.session(animal, alice).pk,
        "weighing": records.weighing(animal, alice).pk,
        "location": records.location(lab).name,
        **records.dataset(records.session(animal, alice, number=2)),
        **recordings.one_of_each(records.session(animal, alice, number=3), alice),
        **noted.beside(records.session(animal, alice, number=30), alice),
        "scan": scanned(lab).pk,
        "nowhere": "alder/nothing",
        "water": records.water(animal, alice).pk,
        "water_type": records.water_type().name,
        "restriction": records.restriction(animal).pk,
        "lab": "alder",
        "project": "memory",
        "person": "alice",
        "job": job.pk,
        "failed": Job.objects.create(**work, status=Status.FAILED, finished_at=now).pk,
        "release": 1,
        "error": ErrorReport.objects.create(**report).pk,
        "secret": "never-made",
        "pseudonym": Participant.objects.create(project=project).pseudonym,
        "no_visit": "6f1c1f0e-3f0b-4c7e-9a52-6d0a4a6d9b10",
        "nobody": 0,
        "group": groups.waiting(project, alice).pk,
        "protocol": experiments.published(project, alice).protocol.pk,
        **access_of_runs.begun(designs.design(project, alice)),
        **access_of_planning.made(project, alice),
        "csv": "csv",
        "trials_csv": "trials.csv",
        "design_code": "pointing",
        "people": {"alice": alice, "bob": bob, "carol": carol, "olga": olga},
    }


def scanned(lab: Any) -> Any:
    """Make a scan of a repository that this lab alone uses."""
    place = records.made(Repository, name="cellar")
    with recording.by(None):
        lab.profile.repositories.add(place)
    return FileScan.objects.create(repository=place, repository_name=place.name)


def answer(client: Client, row: Row, site: dict[str, Any]) -> str:
    address = reverse(row.name, args=[site[name] for name in row.given])
    response = getattr(client, row.method)(address, row.data)
    _close(response)
    if response.status_code == 302 and response.url.startswith(
        resolve_url(settings.LOGIN_URL) + "?"
    ):
        return "in"
    return str(response.status_code)


def _close(response: Any) -> None:
    """Close a file that was handed out, and leave the database open for whoever asks next."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def tried(client: Client, row: Row, site: dict[str, Any]) -> str:
    """Return the answer to a call, and undo what it has done."""
    with transaction.atomic():
        said = answer(client, row, site)
        transaction.set_rollback(True)
    return said


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_person_gets_what_the_table_says(row, site, as_):
    clients = {"stranger": Client()} | {name: as_(who) for name, who in site["people"].items()}
    said = {person: tried(clients[person], row, site) for person in PEOPLE}
    assert said == dict(zip(PEOPLE, row.answers.split(), strict=True))


def names(resolver: Any, namespace: str = "") -> set[str]:
    """Return the full name of every address; one without a name is named by its pattern."""
    found = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or ""
            found |= names(pattern, f"{namespace}{inner}:" if inner else namespace)
        else:
            found.add(f"{namespace}{pattern.name or pattern.pattern}")
    return found


def test_every_address_has_a_row():
    known = {row.name for row in ROWS} | UNNAMED
    elsewhere = (f"{ADMINISTRATION}:", f"{LAB_API}:")
    missing = {name for name in names(get_resolver()) if not name.startswith(elsewhere)}
    assert missing - known == set()


def test_every_row_is_about_an_address_that_exists():
    assert {row.name for row in ROWS} <= names(get_resolver())


def administration() -> list[str]:
    found = sorted(name for name in names(get_resolver()) if name.startswith("admin:"))
    return [name for name in found if name.endswith(("_changelist", ":index"))]


MEMBERS = ("admin:lab_", "admin:runs_", "admin:experiments_", "admin:factorial_",
           "admin:planning_", "admin:index")  # fmt: skip


def test_the_administration_shows_records_to_members_and_the_rest_to_operators(site, as_):
    clients = {"stranger": Client()} | {name: as_(who) for name, who in site["people"].items()}
    wrong = {}
    for name in administration():
        others = 200 if name.startswith(MEMBERS) else 403
        said = {person: clients[person].get(reverse(name)).status_code for person in PEOPLE}
        if list(said.values()) != [302, others, others, others, 200]:
            wrong[name] = said
    assert wrong == {}


# A session means nothing to these: a participant is believed because of the address.
TAKES_NO_COOKIE = {
    "experiments:group-ask",
    "one:auth-token",
    "experiments:series",
    "experiments:submit",
    "experiments:go-back",
    "experiments:take-over",
    "experiments:trials",
    "experiments:upload-add",
    "experiments:upload-begin",
    "experiments:welcome",
    "experiments:about-mail",
    "experiments:withdraw",
    "factorial:hook-attach",
    "factorial:hook-reset",
    f"{LIGHTMILL}:experiments",
    f"{LIGHTMILL}:hook-attach",
    f"{LIGHTMILL}:hook-reset",
    f"{LIGHTMILL}:sessions",
    *(name for name, _, method, _ in access_of_runs.CLIENT if method == "post"),
    *(row.name for row in ROWS if row.name.startswith(access_of_2020.AREA)),
}


POSTS = [row for row in ROWS if row.method == "post"]


def test_no_form_is_taken_that_another_site_has_sent(site):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(site["people"]["olga"], "django.contrib.auth.backends.ModelBackend")
    rows = [row for row in POSTS if row.name not in TAKES_NO_COOKIE]
    said = {str(row): tried(strict, row, site) for row in rows}
    assert {row: code for row, code in said.items() if code != "403"} == {}


def test_nothing_changes_by_opening_an_address(site, as_):
    """A form's own page opens; where there is only the form's target, GET is refused."""
    pages = {row.name for row in ROWS if row.method == "get"}
    targets = [get(row.name, "", *row.given) for row in POSTS if row.name not in pages]
    client = as_(site["people"]["olga"])
    said = {str(row): tried(client, row, site) for row in targets}
    assert {row: code for row, code in said.items() if code != "405"} == {}
