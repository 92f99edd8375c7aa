"""Tasks that are sent again are there once, also without a session, and also at once."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from tests.factories import accounts
from tests.factories import lab as make
from tests.integration.lab.test_api import Caller, errors

from lab import models, recording
from lab.errors import Taken
from lab.services import tasks

AT_ONCE = 8


def share_of(house):
    share = make.made(models.Repository, name="server", is_personal=False)
    with recording.by(None):
        house.profile.repositories.add(share)
    return share


def test_a_task_of_a_repository_is_there_once(alder, alice):
    share = share_of(alder)
    body = {"name": "sync", "repository": str(share.pk), "arguments": {"day": 1}}
    assert Caller(alice).post("tasks", body).status_code == 201
    again = Caller(alice).post("tasks", body)
    assert (again.status_code, [field for _, field in errors(again)]) == (409, ["session"])
    other = make.made(models.Repository, name="other", is_personal=False)
    with recording.by(None):
        alder.profile.repositories.add(other)
    for more in ({"arguments": {"day": 2}}, {"name": "copy"}, {"repository": str(other.pk)}):
        assert Caller(alice).post("tasks", body | more).status_code == 201
    assert models.Task.objects.count() == 4


def test_tasks_without_arguments_are_alike_too(alder, alice):
    share = share_of(alder)
    given = {"name": "sync", "repository": share}
    tasks.create_task(by=alice, values=given)
    with pytest.raises(Taken):
        tasks.create_task(by=alice, values=given | {"arguments": None})


def test_of_eight_at_once_one_is_entered(at_once):
    house = accounts.lab("Race")
    erin = accounts.person("erin", lab=house, role="experimenter")
    given = {"name": "sync", "repository": share_of(house), "arguments": {"day": 1}}

    def enter(_number):
        try:
            tasks.create_task(by=erin, values=given)
        except Taken:
            return False
        return True

    assert sum(at_once(AT_ONCE, enter)) == 1
    assert models.Task.objects.count() == 1


def test_alike_tasks_of_before_the_rule_are_told_apart(alder):
    """As a site that has some would meet the migration: without the rule, and with doubles."""
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX task_unique_in_repository")  # what it is to both databases
    share = share_of(alder)
    for name in ("sync", "sync", "sync", "sync (2)", "n" * 64, "n" * 64):
        make.made(models.Task, name=name, repository=share, arguments={})
    with recording.by(None):
        import_module("lab.migrations.0014_apart_tasks").number_alike(apps, None)
    names = sorted(models.Task.objects.values_list("name", flat=True))
    assert names == sorted(
        ["sync", "sync (2)", "sync (3)", "sync (4)", "n" * 64, "n" * 60 + " (2)"]
    )
