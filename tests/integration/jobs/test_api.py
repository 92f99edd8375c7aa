"""Jobs as programs see them."""

import pytest
from django.urls import reverse

from accounts.services import tokens
from jobs import services
from jobs.models import Job, Status

pytestmark = pytest.mark.django_db


def _url(name, job=None):
    return reverse(f"jobs-api:{name}", args=[job.pk] if job else [])


@pytest.fixture
def job(alice):
    return services.enqueue("jobs.self_test", arguments={"seconds": 3}, user=alice)


def test_a_job_is_read_with_its_progress(as_, alice, job):
    Job.objects.update(done=1, total=4, phase="Waiting", log_tail="tick")
    body = as_(alice).get(_url("job", job)).json()
    assert body["id"] == str(job.pk)
    assert body["arguments"] == {"seconds": 3}
    assert (body["status"], body["fraction"], body["phase"]) == ("queued", 0.25, "Waiting")
    assert body["log_tail"] == "tick"
    assert body["url"].endswith(_url("job", job))
    assert "traceback" not in body


def test_strangers_and_visitors_get_nothing(as_, client, bob, job):
    for name, method in [("job", "get"), ("cancel", "post")]:
        assert getattr(as_(bob), method)(_url(name, job)).status_code == 404
        assert getattr(client, method)(_url(name, job)).status_code in {401, 403}
    assert as_(bob).get(_url("list")).json() == {"results": [], "next": None}
    job.refresh_from_db()
    assert job.status == Status.QUEUED


def test_a_job_is_cancelled_once(as_, alice, job):
    body = as_(alice).post(_url("cancel", job)).json()
    assert body["status"] == "cancelled"
    again = as_(alice).post(_url("cancel", job))
    assert again.status_code == 409
    assert "before it could be cancelled" in again.json()["detail"]


def test_the_list_pages_by_its_next_address(as_, alice):
    made = {str(services.enqueue("jobs.self_test", user=alice).pk) for _ in range(30)}
    client = as_(alice)
    first = client.get(_url("list"), {"status": "queued"}).json()
    second = client.get(first["next"]).json()
    assert "status=queued" in first["next"]
    assert second["next"] is None
    assert {row["id"] for row in first["results"] + second["results"]} == made


def test_a_token_that_may_only_read_cancels_nothing(client, alice, job):
    for scope, status in [("read", 403), ("write", 200)]:
        _, secret = tokens.create_token(user=alice, name=scope, scope=scope)
        key = {"HTTP_AUTHORIZATION": f"Token {secret}"}
        assert client.post(_url("cancel", job), **key).status_code == status
        assert client.get(_url("job", job), **key).status_code == 200
