"""The administration of runs and experiments: one's own alone, few questions, all by services."""

import json

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import accounts, experiments, runs
from tests.factories.runs import row
from tests.integration.experiments.taking_part import Participant as Somebody

from accounts.models import AuditEntry
from accounts.roles import Role
from experiments.models import (
    Appointment,
    Arrival,
    Bank,
    Enrolment,
    Group,
    Link,
    Meeting,
    Member,
    Protocol,
    Recruiter,
    Reminder,
    Revision,
    Series,
    Stimulus,
)
from experiments.services import banks
from runs.models import Participant, Run, Withdrawal
from runs.rows import rows_of
from runs.services import exclusion, trials

BANK = {"format": "studium-bank/1", "name": "people", "items": {"born": {"text": "Born?"}}}
AREAS = {"runs", "experiments"}
KINDS = sorted((kind for kind in admin.site._registry if kind._meta.app_label in AREAS),
               key=lambda kind: kind.__name__)  # fmt: skip
MOST_FOR_A_LIST = 10
MOST_FOR_A_PAGE = 14
FRAME = ('FROM "django_session"', 'FROM "accounts_signin"', "SAVEPOINT", "UPDATE",
         'FROM "accounts_user" WHERE "accounts_user"."id" =')  # fmt: skip


def address(kind, what, *args):
    return reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_{what}", args=args)


def take_part(revision, by, times=1):
    """Let somebody leave one of nearly each kind of row behind."""
    for _ in range(times):
        someone = Somebody(experiments.token(revision, by))
        someone.begin()
        someone.send(agree="1")
        before = someone.text
        someone.send(item_age="33")
        someone.send(page=before, item_age="44")
        someone.send(item_liked="5")
        run = Run.objects.latest("created_at")
        visit = runs.visit(run, 100)
        trials.store(visit=visit, holder=run.holder, rows=rows_of([row(0)]))
        run.events.create(kind="focus lost", received_at=run.created_at)
        told = {"item": "voice", "name": "a.wav", "size": 5, "received": 5, "file": "nowhere"}
        visit.uploads.create(created_at=run.created_at, **told)
        belong(revision, run)


def belong(revision, run):
    """Let a run be of a group, of a series, sent by a recruiter, and withdrawn."""
    number, at, project = Run.objects.count(), run.created_at, run.project
    link, mark = run.sitting.link, f"n{run.pk.hex[:12]}"
    stimulus = Stimulus.objects.create(project=project, collection="songs", name=mark, text="la")
    stimulus.tags.create(name="key", kind="text", text="C")
    group = Group.objects.create(revision=revision, pool=mark, size=2)
    meeting = Meeting.objects.create(group=group, key=mark, step="rate", deadline_at=at)
    Member.objects.create(run=run, group=group, meeting=meeting, seat=0)
    recruiter = Recruiter.objects.create(protocol=revision.protocol, name=mark, kind="generic")
    Arrival.objects.create(link=link, recruiter=recruiter, run=run, person="SECRET-ID")
    series = Series.objects.create(project=project, name=mark, title="Waves", words={})
    enrolled = Enrolment.objects.create(series=series, participant=run.participant, words={},
                                        digest=mark, time_zone="UTC")  # fmt: skip
    wave = Appointment.objects.create(enrolment=enrolled, number=number, wave="one", link=link,
                                      opens_at=at)  # fmt: skip
    Reminder.objects.create(appointment=wave, name="soon", due_at=at)
    Withdrawal.objects.create(project=project, participant=run.participant, on=at.date(),
                              receipt=mark)  # fmt: skip


@pytest.fixture
def birch():
    lab = accounts.lab("Birch")
    bob = accounts.person("bob", lab=lab, role=Role.EXPERIMENTER)
    revision = experiments.published(accounts.project(lab, "Other"), bob)
    banks.write(project=revision.protocol.project, by=bob, words=BANK)
    take_part(revision, bob)
    return revision


def asked(client, path):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return [one["sql"] for one in captured if not any(word in one["sql"] for word in FRAME)]


def pages():
    for kind in KINDS:
        yield address(kind, "changelist"), MOST_FOR_A_LIST
        found = kind._default_manager.first()
        if found:
            yield address(kind, "change", found.pk), MOST_FOR_A_PAGE
            yield address(kind, "history", found.pk), MOST_FOR_A_LIST


SEALED = {"Account", "Code", "Identity", "IdentityAccess", "Letter"}  # read by whom it is permitted
INSIDE = {"Asset", "Tag", "TrialEvents"}  # shown with the stimuli, and with its trial


def test_every_kind_of_row_has_its_page_but_who_somebody_is():
    kinds = [kind for area in sorted(AREAS) for kind in apps.get_app_config(area).get_models()]
    assert {kind.__name__ for kind in kinds} - {kind.__name__ for kind in KINDS} == SEALED | INSIDE


def test_what_a_recruiter_knows_somebody_by_is_on_no_page(revision, ann, as_):
    take_part(revision, ann)
    client = as_(ann)
    wrong = [path for path, _ in pages() if "SECRET-ID" in client.get(path).content.decode()]
    assert wrong == []


def test_each_page_asks_as_much_for_few_as_for_many(revision, ann, as_):
    client = as_(ann)
    take_part(revision, ann)
    shown = dict(pages())
    for path in shown:
        client.get(path)
    few = {path: asked(client, path) for path in shown}
    take_part(revision, ann, times=3)
    experiments.published(revision.protocol.project, ann, experiments.WORDS | {"title": "Newer"})
    many = {path: asked(client, path) for path in shown}
    grown = {path: many[path] for path in shown if len(many[path]) > len(few[path])}
    assert not grown
    assert {path: many[path] for path, most in shown.items() if len(many[path]) > most} == {}


def test_what_is_of_another_lab_is_nowhere(revision, ann, birch, as_, rf):
    rf, client, wrong = rf.get("/"), as_(ann), []
    rf.user = ann
    for kind in KINDS:
        mine = admin.site._registry[kind].get_queryset(rf)
        theirs = kind._default_manager.exclude(pk__in=mine.order_by().values("pk")).first()
        if theirs is None:  # the words of the consent are the same in both labs
            continue
        listed = client.get(address(kind, "changelist")).context["cl"].result_list
        if theirs in listed:
            wrong.append(f"{kind.__name__} is listed")
        for what in ("change", "delete", "history"):
            path = address(kind, what, theirs.pk)
            answers = {client.get(path).status_code, client.post(path, {"post": "1"}).status_code}
            if not answers <= {302, 403}:
                wrong.append(f"{path}: {answers}")
    assert wrong == []
    run = Run.objects.get(project=birch.protocol.project)
    answers = client.get(reverse("admin:runs_answer_changelist"), {"visit__run__id__exact": run.pk})
    assert list(answers.context["cl"].result_list) == []


def test_what_participants_did_is_changed_by_no_page(revision, ann, as_):
    take_part(revision, ann)
    banks.write(project=revision.protocol.project, by=ann, words=BANK)
    may_change = {Run, Protocol, Bank}
    for kind in KINDS:
        found, client = kind._default_manager.first(), as_(ann)
        if found is None:
            continue
        answer = client.post(address(kind, "delete", found.pk), {"post": "yes"})
        assert answer.status_code == 403, kind
        if kind not in may_change:
            assert client.post(address(kind, "change", found.pk), {}).status_code == 403, kind


def deed(client, kind, name, rows, **more):
    data = {"action": name, "_selected_action": [row.pk for row in rows], "sent": "1", **more}
    return client.post(address(kind, "changelist"), data)


def test_runs_are_left_out_for_a_reason_and_taken_in_again(revision, ann, as_):
    take_part(revision, ann, times=2)
    client, both = as_(ann), list(Run.objects.all())
    refused = deed(client, Run, "exclude", both, why=" ")
    assert b"for a reason" in refused.content
    assert not Run.objects.filter(excluded_at__isnull=False).exists()
    assert deed(client, Run, "exclude", both, why="The sound was off").status_code == 302
    assert {(run.excluded_because, run.excluded_by) for run in Run.objects.all()} == {
        ("The sound was off", ann)
    }
    left = client.get(address(Run, "changelist"), {"analysed": "out"})
    assert len(left.context["cl"].result_list) == 2
    deed(client, Run, "include", both[:1], why="It was on")
    assert Run.objects.filter(excluded_at=None).get() == both[0]
    trail = AuditEntry.objects.filter(object_id=str(both[0].pk)).order_by("pk")
    assert [(one.action, one.reason) for one in trail] == [
        ("run.excluded", "The sound was off"),
        ("run.included", "It was on"),
    ]
    history = client.get(address(Run, "history", both[0].pk)).content.decode()
    assert "The sound was off" in history


def test_a_run_is_left_out_on_its_own_page(revision, ann, as_):
    take_part(revision, ann)
    run, client = Run.objects.get(), as_(ann)
    page = address(Run, "change", run.pk)
    assert (
        client.post(page, {"excluded_because": "A test", "status": "declined"}).status_code == 302
    )
    run.refresh_from_db()
    assert (run.excluded_because, run.status) == ("A test", "active")
    client.post(page, {"excluded_because": ""})
    run.refresh_from_db()
    assert (run.excluded_because, run.excluded_at) == ("", None)


def test_all_runs_of_a_participant_are_left_out_at_once(revision, ann, as_):
    take_part(revision, ann, times=2)
    one = Participant.objects.first()
    deed(as_(ann), Participant, "exclude_all", [one], why="Took part twice")
    assert Run.objects.get(excluded_at__isnull=False).participant == one


def test_who_may_not_change_a_project_leaves_nothing_out(revision, ann, alder, birch, as_):
    take_part(revision, ann)
    run = Run.objects.get(project__lab=alder)
    theo = accounts.person("theo", lab=alder, role=Role.TECHNICIAN)
    bob = Revision.objects.get(protocol__project__lab__name="Birch").frozen_by
    for person in (theo, bob):
        deed(as_(person), Run, "exclude", [run], why="Because")
        as_(person).post(address(Run, "change", run.pk), {"excluded_because": "Because"})
        with pytest.raises(Exception, match=r"role|address"):
            exclusion.exclude(runs=[run], by=person, reason="Because")
    run.refresh_from_db()
    assert run.excluded_at is None


def test_a_protocol_is_written_frozen_and_published_here(project, ann, as_):
    client, page = as_(ann), reverse("admin:experiments_protocol_add")
    sent = {"project": project.pk, "words": json.dumps(experiments.WORDS | {"flow": 5})}
    assert b"flow: Write a list here." in client.post(page, sent).content
    assert b"no JSON" in client.post(page, sent | {"words": "[" * 100_000}).content
    assert not Protocol.objects.exists()
    answer = client.post(page, sent | {"words": json.dumps(experiments.WORDS)})
    assert answer.status_code == 302, answer.context["errors"]
    protocol = Protocol.objects.get()
    deed(client, Protocol, "freeze_and_publish", [protocol])
    assert Revision.objects.published().get().words == experiments.WORDS
    other = experiments.WORDS | {"title": "Other"}
    change = address(Protocol, "change", protocol.pk)
    assert b"Melodies" in client.get(change).content
    assert client.post(change, {"words": json.dumps(other)}).status_code == 302
    protocol.refresh_from_db()
    assert (protocol.title, protocol.draft["title"]) == ("Other", "Other")
    renamed = {"words": json.dumps(other | {"name": "else"})}
    assert b"add another as a new one" in client.post(change, renamed).content
    assert b"has a protocol of this name" in client.post(page, sent | renamed | {
        "words": json.dumps(other)}).content  # fmt: skip
    deed(client, Revision, "retire", [Revision.objects.get()])
    assert not Revision.objects.published().exists()


def test_a_link_is_made_shown_once_and_revoked_here(revision, ann, birch, as_):
    client, page = as_(ann), reverse("admin:experiments_link_add")
    sent = {"protocol": revision.protocol.pk, "kind": "open", "label": "Poster"}
    said = client.post(page, sent, follow=True)
    [told] = [str(message) for message in said.context["messages"] if "/take/" in str(message)]
    path = "/take/" + told.split("/take/")[1]
    assert client.get(path).status_code == 200
    link = Link.objects.get(label="Poster")
    assert path.split("/")[2] not in client.get(address(Link, "change", link.pk)).content.decode()
    deed(client, Link, "revoke", [link])
    assert client.get(path).status_code == 404
    foreign = client.post(page, sent | {"protocol": birch.protocol.pk})
    assert "protocol" in foreign.context["adminform"].form.errors
    theirs = client.post(page, sent | {"revision": birch.pk})
    assert "revision" in theirs.context["adminform"].form.errors


def test_a_link_is_given_its_recruiter_and_how_it_goes_on_here(revision, ann, birch, as_):
    mine, theirs = (
        Recruiter.objects.create(
            protocol=one.protocol, name="spring", kind="prolific", settings={"codes": {}}
        )
        for one in (revision, birch)
    )
    client, page = as_(ann), reverse("admin:experiments_link_add")
    sent = {"protocol": revision.protocol.pk, "kind": "open", "label": "Poster"}
    more = {"recruiter": mine.pk, "resume": "browser", "quiet_h": "2", "group": "tables"}
    assert client.post(page, sent | more).status_code == 302
    link = Link.objects.get(label="Poster")
    assert (link.recruiter, link.resumes, link.quiet_h, link.group) == (
        mine, "browser", 2, "tables")  # fmt: skip
    foreign = client.post(page, sent | {"recruiter": theirs.pk})
    assert "recruiter" in foreign.context["adminform"].form.errors
    assert client.post(page, sent | {"resume": "sometimes"}).status_code == 200
    assert Link.objects.filter(label="Poster").count() == 1
