"""Links by which somebody without an account sees a result."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from tests.factories import accounts as make
from tests.factories import maps
from tests.factories import searches as some

from accounts.models import AuditEntry
from common.errors import NotThere
from planning.errors import LinkGone, NotALink, QuotaUsed
from planning.models import SharedLink
from planning.services import sharing

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(alder):
    return make.project(alder)


@pytest.fixture
def plan(project):
    return some.plan(project, "Faces and houses")


def _open(token):
    return Client().get(reverse("planning:shared", args=[token]))


def test_a_link_is_shown_once_and_stored_as_its_digest_alone(plan, alice, as_):
    page = as_(alice).post(
        reverse("planning:plan-links", args=[plan.pk]), {"days": 7, "note": "Reviewer"}
    )
    address = page.context["address"]
    token = address.rstrip("/").rpartition("/")[2]
    assert address in page.content.decode()
    again = as_(alice).get(reverse("planning:plan-links", args=[plan.pk])).content.decode()
    assert token not in again
    assert "Reviewer" in again
    link = SharedLink.objects.get()
    assert token not in str(vars(link))
    assert len(token) >= 40
    assert AuditEntry.objects.filter(action="link.shared", user=alice).exists()


def test_a_visitor_without_account_or_cookie_sees_the_plan_and_what_was_kept(plan, alice):
    alice.last_name = "Quimby"
    alice.save()
    search = some.done(plan, alice)
    search.designs.filter(position=0).update(is_kept=True, label="The chosen one")
    page = _open(sharing.share(of=plan, by=alice, days=7, note="secret words").token)
    said = page.content.decode()
    assert page.status_code == 200
    assert "Faces and houses" in said
    assert "The chosen one" in said
    assert "Design 2" not in said
    for hidden in (alice.email, "Quimby", alice.username, "secret words", "Sign in"):
        assert hidden not in said
    assert not page.cookies
    assert page["X-Robots-Tag"].startswith("noindex")
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]


def test_a_visitor_sees_the_answer_of_an_analysis(project, alice):
    analysis = maps.answered(maps.pilot(project, alice), alice)
    page = _open(sharing.share(of=analysis, by=alice, days=7).token)
    said = page.content.decode()
    assert page.status_code == 200
    assert "For a power of" in said
    assert alice.email not in said
    assert not page.cookies


def test_a_link_counts_how_often_it_was_opened(plan, alice, django_assert_max_num_queries):
    made = sharing.share(of=plan, by=alice, days=7)
    _open(made.token)
    with django_assert_max_num_queries(5):
        _open(made.token)
    made.link.refresh_from_db()
    assert made.link.opened == 2
    assert made.link.opened_at


def test_a_link_that_was_taken_back_leads_nowhere(plan, alice, as_):
    made = sharing.share(of=plan, by=alice, days=7)
    page = as_(alice).post(reverse("planning:link-revoke", args=[made.link.pk]))
    assert page.url == reverse("planning:plan-links", args=[plan.pk])
    assert _open(made.token).status_code == 410
    sharing.revoke(link=made.link, by=alice)
    assert AuditEntry.objects.filter(action="link.revoked").count() == 1


def test_a_link_whose_time_is_over_leads_nowhere(plan, alice):
    made = sharing.share(of=plan, by=alice, days=1)
    SharedLink.objects.update(expires_at=now() - timedelta(seconds=1))
    with pytest.raises(LinkGone):
        sharing.opened(made.token)
    made.link.refresh_from_db()
    assert made.link.opened == 0


def test_a_link_that_nobody_made_is_not_there(db):
    assert _open("never-made").status_code == 404


def test_openings_are_limited_for_one_address(plan, alice, settings):
    settings.LIMITS = settings.LIMITS | {"shared-address": (2, 900)}
    made = sharing.share(of=plan, by=alice, days=7)
    said = [_open(made.token).status_code for _ in range(3)]
    assert said == [200, 200, 429]
    made.link.refresh_from_db()
    assert made.link.opened == 2


@pytest.mark.parametrize(("days", "note"), [(0, ""), (367, ""), (3, "x" * 201)])
def test_links_that_last_too_long_or_say_too_much_are_refused(plan, alice, days, note):
    with pytest.raises(NotALink):
        sharing.share(of=plan, by=alice, days=days, note=note)
    assert not SharedLink.objects.exists()


def test_nobody_else_shares_or_takes_back(plan, alice, bob):
    with pytest.raises(NotThere):
        sharing.share(of=plan, by=bob, days=3)
    made = sharing.share(of=plan, by=alice, days=3)
    with pytest.raises(NotThere):
        sharing.revoke(link=made.link, by=bob)
    assert _open(made.token).status_code == 200


def test_there_are_not_more_links_than_somebody_can_look_after(plan, alice, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_AT_ONCE", 1)
    made = sharing.share(of=plan, by=alice, days=3)
    with pytest.raises(QuotaUsed):
        sharing.share(of=plan, by=alice, days=3)
    sharing.revoke(link=made.link, by=alice)
    sharing.share(of=plan, by=alice, days=3)


def test_a_plan_that_cannot_be_read_is_shown_as_its_text(plan, alice):
    plan.specification = "trials = <b>many</b>"
    plan.save()
    page = _open(sharing.share(of=plan, by=alice, days=3).token)
    assert page.status_code == 200
    assert "&lt;b&gt;many" in page.content.decode()
