"""Steps of a pipeline, as programs on other machines enter and report them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.models import Lab, User
from accounts.roles import Role
from lab import permissions
from lab.errors import DoesNotFit
from lab.models import Task
from lab.services import records

Values = Mapping[str, Any]


@transaction.atomic
def create_task(*, by: User, values: Values, reason: str = "") -> Task:
    """Enter a task of a session; one without a session belongs to the labs of its repository.

    No arguments are an empty object, so that the database knows a task that is sent again.
    """
    _need_place(by, values.get("session"), values.get("repository"))
    given = {**values, "arguments": values.get("arguments") or {}}
    return records.create(kind=Task, by=by, values=given, reason=reason)


@transaction.atomic
def change_task(*, task: Task, by: User, values: Values, reason: str = "") -> Task:
    """Change a task: its status, its log, what it waits for."""
    _need_place(by, task.session, task.repository)
    after = {"session": task.session, "repository": task.repository, **values}
    _need_place(by, after["session"], after["repository"])
    if "parents" in values:
        _need_no_circle(task, values["parents"])
    given = dict(values)
    if "arguments" in given:
        given["arguments"] = given["arguments"] or {}
    return records.change(record=task, by=by, values=given, reason=reason)


def _need_place(by: User, session: Any, repository: Any) -> None:
    if session is not None:
        permissions.need_create(by, Task, session.lab)
        return
    if repository is None:
        raise DoesNotFit(
            "Name a session, or the data_repository of a lab that the task works for.",
            field="session",
        )
    labs = Lab.objects.filter(profile__repositories=repository)
    mine = Lab.objects.with_role(by, Role.EXPERIMENTER)
    if not labs.exists():
        raise DoesNotFit("No lab uses this repository.", field="repository")
    if not labs.filter(pk__in=mine.values("pk")).exists():
        permissions.need_create(by, Task, labs.first())


def _need_no_circle(task: Task, parents: Iterable[Task]) -> None:
    """Refuse parents that wait, by whatever way, for the task itself."""
    seen: set[Any] = set()
    ahead = {parent.pk for parent in parents}
    while ahead:
        if task.pk in ahead:
            raise DoesNotFit("A task cannot wait for itself.", field="parents")
        seen |= ahead
        links = Task.parents.through.objects.filter(from_task__in=ahead)
        ahead = set(links.values_list("to_task", flat=True)) - seen
