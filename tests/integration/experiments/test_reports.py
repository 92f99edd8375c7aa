"""What a lab sees of its functions: reports, what comes after a run, and where they failed."""

import pytest
from django.core import mail
from tests.factories import accounts, experiments
from tests.factories.scripts import call, words
from tests.integration.experiments.taking_part import Participant

from experiments.errors import ScriptFailed
from experiments.models import Protocol
from jobs import registry
from jobs.models import Job
from runs.models import Event, Run

pytestmark = pytest.mark.usefixtures("toylab")
ABOUT = {"name": "about-you", "page": "about"}


@pytest.fixture
def begun(project, ann):
    def begin(*flow, **more):
        revision = experiments.published(project, ann, words(*flow, **more))
        participant = Participant(experiments.token(revision, ann))
        participant.begin()
        return participant

    return begin


@pytest.fixture
def page(as_, ann):
    def read(more=""):
        return as_(ann).get(f"/experiments/{Protocol.objects.get().pk}/{more}").content.decode()

    return read


def test_a_report_has_a_line_for_each_run_and_is_made_once(begun, page, tmp_path):
    file = tmp_path / "there"
    file.touch()
    someone = begun(ABOUT, report=call("line", file=str(file)))
    someone.send(item_age="33")
    begun(ABOUT, report=call("line", file=str(file))).send(item_age="44")
    assert "<td>33</td>" in page()
    file.unlink()
    assert "<td>44</td>" in page()
    rows = page("report.csv").splitlines()
    assert rows[0] == "participant,run,status,began_at,age,pages,status"
    assert [row.split(",")[4:] for row in rows[1:]] == [
        ["44", "1", "completed"],
        ["33", "1", "completed"],
    ]
    assert not Event.objects.filter(kind="script failed").exists()


def test_a_report_that_fails_is_said_so_and_asked_once_at_a_look(begun, page):
    for _ in range(3):
        begun(ABOUT, report=call("line", file="/nowhere"))
    told = page()
    assert "toylab.melodies.line failed; see below." in told
    assert "FileNotFoundError: /nowhere" in told
    assert Event.objects.filter(kind="script failed").count() == 1


def test_the_experimenter_sees_where_a_function_failed(begun, page, as_):
    someone = begun(ABOUT, {"name": "rate", "page": "rating", "draw": call("loop")})
    someone.send(item_age="33")
    told = page()
    assert "toylab.melodies.loop, draw of rate:" in told
    assert "It did not end within 1 s." in told
    assert "in loop" in told
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role="admin")
    assert as_(stranger).get(f"/experiments/{Protocol.objects.get().pk}/").status_code == 404
    assert "Melodies" not in as_(stranger).get("/experiments/").content.decode()


def run_job(job):
    return registry.get(job.name).function(_Quiet(), **job.arguments)


class _Quiet:
    def report(self, **_):
        """Say nothing."""


def test_who_froze_it_is_told_by_mail_once_an_hour(begun, ann):
    someone = begun(ABOUT, {"name": "rate", "page": "rating", "draw": call("nonsense")})
    someone.send(item_age="33")
    for _ in range(3):
        someone.look()
    (job,) = Job.objects.filter(name="experiments.alarm")
    assert run_job(job) == {"sent": 1}
    (letter,) = mail.outbox
    assert letter.to == [ann.email]
    assert "toylab.melodies.nonsense" in letter.body
    assert "a draw returns a stimulus's name" in letter.body
    assert f"/experiments/{Protocol.objects.get().pk}/" in letter.body


def test_who_does_not_belong_any_more_is_not_told(begun, ann):
    begun({"name": "rate", "page": "rating", "draw": call("nonsense")})
    ann.memberships.all().delete()
    assert run_job(Job.objects.get(name="experiments.alarm")) == {"sent": 0}
    assert not mail.outbox


def test_what_comes_after_a_run_is_done_once(begun):
    someone = begun(ABOUT, afterwards=call("line"))
    someone.send(item_age="33")
    job = Job.objects.get(name="experiments.afterwards")
    said = {"said": {"age": 33, "pages": 1, "status": "completed"}}
    assert run_job(job) == run_job(job) == said
    assert Event.objects.get(kind="afterwards").data["said"] == said["said"]


def test_what_comes_after_a_run_is_tried_again_when_it_fails(begun, tmp_path):
    file = tmp_path / "there"
    someone = begun(ABOUT, afterwards=call("line", file=str(file)))
    someone.send(item_age="33")
    assert someone.title == "Thank you"
    job = Job.objects.get(name="experiments.afterwards")
    with pytest.raises(ScriptFailed):
        run_job(job)
    file.touch()
    assert run_job(job)["said"]["age"] == 33


def test_nothing_comes_after_a_run_that_was_declined(project, ann):
    told = experiments.WORDS | {"afterwards": call("line")}
    someone = Participant(experiments.token(experiments.published(project, ann, told), ann))
    someone.begin()
    someone.send(decline="1")
    assert Run.objects.get().status == "declined"
    assert not Job.objects.exists()
