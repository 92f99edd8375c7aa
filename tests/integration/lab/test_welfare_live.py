"""From the clock to the mail: cron asks, the check tells, a job is made, a worker sends it."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.factories import accounts, fake_smtp
from tests.factories import lab as make
from tests.integration.jobs.conftest import ROOT, databases, site

from jobs.models import Job, Status
from lab import models, recording

__all__ = ["databases", "site"]  # fixtures


@pytest.fixture
def mailbox(site):
    with fake_smtp.running() as box:
        site.env |= {
            "DJANGO_SETTINGS_MODULE": "tests.integration.lab.mailing_settings",
            "EMAIL_URL": box.url,
        }
        yield box


@pytest.fixture
def light(site):
    """An animal on measured water that weighs too little, and was weighed and watered today."""
    house = accounts.lab("Alder")
    alice = accounts.person("alice", lab=house, role="experimenter", email="alice@example.org")
    bob = accounts.person("bob", lab=house, role="experimenter", email="bob@example.org")
    with recording.by(None):
        house.profile.reference_weight_fraction = 0.8
        house.profile.welfare_check_hour = 0
        house.profile.save()
    animal = make.subject(house, alice, "LN1_0001")
    make.restriction(animal, began_at=now() - timedelta(days=3))
    make.weighing(animal, alice, 18.0, at=now())
    make.water(animal, alice, 1.0, at=now())
    assert bob.email
    return animal


def cron(site):
    """Run what is due as the crontab does each minute."""
    command = [sys.executable, ROOT / "app/manage.py", "runcrons", "ops.check_welfare", "--force"]
    done = subprocess.run(command, env=site.env, capture_output=True, text=True, check=False,
                          timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_is_responsible_for_a_light_animal_has_mail_and_has_it_once(site, light, mailbox):
    cron(site)
    [job] = Job.objects.filter(name="lab.send_news")
    assert (job.status, mailbox.messages) == (Status.QUEUED, [])
    site.worker()
    assert site.wait(job, seconds=60).status == Status.SUCCEEDED, site.report()
    [(to, message)] = mailbox.messages
    assert to == ["alice@example.org"]
    assert "LN1_0001" in message["Subject"]
    assert "18.0 g" in message.get_content()
    told = models.Notification.objects.filter(kind="mouse_underweight")
    assert [row.status for row in told] == [models.Notification.Status.SENT]
    cron(site)  # the same day again
    assert Job.objects.filter(name="lab.send_news").count() == 1
    assert len(mailbox.messages) == 1
