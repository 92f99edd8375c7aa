"""Protocols are kept, frozen once for a content, published one at a time, moved as a file."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.timezone import now
from tests.factories import accounts, experiments

from accounts.models import AuditEntry
from accounts.roles import Role
from common.errors import NotThere
from experiments.definition.protocol import read_protocol
from experiments.definition.steps import KINDS
from experiments.errors import NotAProtocol
from experiments.models import Link, Protocol, Revision
from experiments.services import links, protocols
from experiments.views.steps import KINDS as SHOWN
from runs.models import Measure


def test_freezing_the_same_content_twice_is_one_revision(project, ann, revision):
    again = protocols.freeze(protocol=revision.protocol, by=ann)
    assert again == revision
    assert revision.digest == read_protocol(experiments.WORDS).digest


def test_a_change_is_another_revision_and_the_published_one_is_one(project, ann, revision):
    newer = experiments.published(project, ann, experiments.WORDS | {"title": "Other"})
    assert (newer.number, Protocol.objects.count()) == (2, 1)
    revision.refresh_from_db()
    assert revision.retired_at
    assert list(Revision.objects.published()) == [newer]
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(retired_at=None)


def test_what_cannot_be_read_leaves_nothing(project, ann):
    with pytest.raises(NotAProtocol, match="flow"):
        protocols.write(project=project, by=ann, words=experiments.WORDS | {"flow": 5})
    assert not Protocol.objects.exists()


def test_every_kind_of_step_that_a_protocol_may_have_is_shown_by_somebody():
    assert set(KINDS) - {"end"} == set(SHOWN)


def test_freezing_writes_the_codebook(revision):
    liked = Measure.objects.get(name="liked")
    assert liked.levels == {"1": "No", "5": "Yes", "-9": "Cannot say"}
    assert (liked.label, liked.kind, liked.is_unforeseen) == ("Did you like it?", "choice", False)
    assert Measure.objects.get(name="age").unit == "years"


def test_a_viewer_and_a_stranger_write_nothing(alder, project, revision):
    viewer = accounts.person("vera", lab=alder, role=Role.VIEWER)
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role=Role.ADMIN)
    for person in (viewer, stranger):
        for work in (
            lambda by: protocols.write(project=project, by=by, words=experiments.WORDS),
            lambda by: protocols.freeze(protocol=revision.protocol, by=by),
            lambda by: protocols.publish(revision=revision, by=by),
            lambda by: protocols.retire(revision=revision, by=by),
            lambda by: links.make(protocol=revision.protocol, by=by),
        ):
            with pytest.raises(NotThere):
                work(person)
    assert Protocol.objects.visible_to(viewer).exists()
    for rows in (Protocol.objects, Revision.objects, Link.objects):
        assert not rows.visible_to(stranger).exists()


def test_who_did_what_is_written_down(revision, token):
    told = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(told)[-4:] == ["protocol.created", "protocol.frozen", "protocol.published",
                               "link.created"]  # fmt: skip


def test_a_revoked_link_and_one_before_its_time_and_a_retired_revision(revision, ann):
    browser, hour = Client(), timedelta(hours=1)
    early = links.make(protocol=revision.protocol, by=ann, opens_at=now() + hour)
    over = links.make(protocol=revision.protocol, by=ann, closes_at=now() - hour)
    gone = links.make(protocol=revision.protocol, by=ann)
    links.revoke(link=gone.link, by=ann)
    good = links.make(protocol=revision.protocol, by=ann)
    told = [browser.get(f"/take/{one.token}/").status_code for one in (early, over, gone, good)]
    assert told == [422, 422, 404, 200]
    protocols.retire(revision=revision, by=ann)
    assert browser.post(f"/take/{good.token}/").status_code == 422


def run(*words):
    out = StringIO()
    call_command("protocol", *words, stdout=out)
    return out.getvalue().strip()


def test_a_protocol_moves_between_sites_as_one_file(project, ann, tmp_path):
    file = tmp_path / "melodies.json"
    file.write_text(json.dumps(experiments.WORDS, indent=4))
    said = run("import", str(file), "--project", "alder/memory", "--by", "ann", "--publish")
    digest = said.rpartition(" ")[2]
    moved = tmp_path / "moved.json"
    moved.write_text(run("export", "melodies", "--project", "alder/memory"))
    accounts.project(project.lab, "Other")
    again = run("import", str(moved), "--project", "alder/other", "--by", "ann")
    assert again.rpartition(" ")[2] == digest
    address = run("link", "melodies", "--project", "alder/memory", "--by", "ann")
    path = "/" + address.split("/", 3)[3]
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["import", "/nothing.json", "--project", "alder/memory", "--by", "ann"], "cannot be read"),
        (["export", "x", "--project", "alder/nothing"], "no project"),
        (["export", "x", "--project", "alder/memory"], "no protocol"),
        (["link", "melodies", "--project", "alder/memory", "--by", "nobody"], "nobody called"),
    ],
)
def test_the_command_says_what_is_wrong(revision, words, says):
    with pytest.raises(CommandError, match=says):
        run(*words)
