"""Tasks: steps of a pipeline for a session, as ibllib enters, asks for and reports them."""

from datetime import date
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from lab.models import Repository, Task
from lab.one.bodies import Former
from lab.one.fields import LabelField, NameField, WallClockField
from lab.one.filters import alike, between, equal, holds, key, labelled, linked, number
from lab.one.resources.sessions import seen_sessions
from lab.one.views import Writes
from lab.one.vocabulary import FREE, Relation, Vocabulary, instant, repositories, sessions, text
from lab.one.vocabulary import key as as_key
from lab.one.vocabulary import number as as_number
from lab.one.vocabulary import whole as as_whole
from lab.services import tasks


def status_of(word: Any) -> int:
    """Return a status by its label or its number."""
    known = {str(kind.label).lower(): kind.value for kind in Task.Status}
    found = known.get(str(word).lower())
    return Task.Status(as_whole(word)).value if found is None else found


WORDS: Vocabulary = Vocabulary(
    {
        "id": ("id", as_key), "pk": ("pk", as_key), "name": ("name", text),
        "executable": ("executable", text), "graph": ("graph", text), "log": ("log", text),
        "version": ("version", text), "status": ("status", status_of),
        "level": ("level", as_whole), "priority": ("priority", as_whole), "cpu": ("cpu", as_whole),
        "gpu": ("gpu", as_whole), "ram": ("ram_gb", as_whole),
        "io_charge": ("io_charge", as_whole), "time_out_secs": ("time_limit_s", as_whole),
        "time_elapsed_secs": ("elapsed_s", as_number), "datetime": ("at", instant),
    },
    {
        "session": Relation("session", lambda: sessions),
        "data_repository": Relation("repository", lambda: repositories),
        "parents": Relation("parents", lambda: WORDS, is_many=True),
    },
    free=FREE | {"arguments": "arguments"},
)  # fmt: skip


MOST = 2**15 - 1  # of a small number, in either database


class TextOrNothing(serializers.CharField):
    """A text; null stands for an empty one, as ibllib sends it."""

    def __init__(self, longest: int | None = None) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, max_length=longest,
                         trim_whitespace=False)  # fmt: skip

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation("" if data is None else data)


class TaskShape(serializers.ModelSerializer[Task]):
    name = TextOrNothing(64)
    executable = TextOrNothing(255)
    graph = TextOrNothing(64)
    version = TextOrNothing(64)
    log = TextOrNothing()
    status = LabelField(Task.Status, required=False)
    ram = serializers.IntegerField(source="ram_gb", required=False, min_value=0, max_value=MOST)
    time_out_secs = serializers.IntegerField(
        source="time_limit_s", required=False, allow_null=True, min_value=0, max_value=2**31 - 1
    )
    time_elapsed_secs = serializers.FloatField(
        source="elapsed_s", required=False, allow_null=True, min_value=0
    )
    datetime = WallClockField(source="at", required=False)
    session = NameField("pk", seen_sessions, required=False, allow_null=True)
    parents = NameField("pk", Task.objects.visible_to, many=True, required=False)
    data_repository = NameField("name", lambda _user: Repository.objects.all(),
                                source="repository", required=False, allow_null=True)  # fmt: skip

    class Meta:
        model = Task
        fields = [
            "id", "name", "executable", "graph", "session", "status", "level", "priority", "cpu",
            "gpu", "ram", "io_charge", "time_out_secs", "time_elapsed_secs", "log", "version",
            "datetime", "parents", "arguments", "data_repository", "json",
        ]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = {
            name: {"max_value": MOST, "min_value": 0}
            for name in ("level", "priority", "cpu", "gpu", "io_charge")
        }
        validators: ClassVar[list[Any]] = []  # the database says it, in our words


class Tasks(Writes):
    kind = Task
    serializer_class = TaskShape
    vocabulary = WORDS
    json_filters = ("json", "arguments")
    formers: ClassVar = {"time_out_sec": Former("time_out_secs", date(2026, 11, 21))}
    filters: ClassVar = {
        "status": labelled("status", Task.Status, "status"),
        "lab": alike("session__lab__profile__path_name"),
        "graph": equal("graph"),
        "session": key("session", "session"),
        "subject": alike("session__subject__nickname"),
        "name": equal("name"),
        "executable": equal("executable"),
        "version": equal("version"),
        "log": holds("log"),
        "level": number("level", "level"),
        "priority": number("priority", "priority"),
        "cpu": number("cpu", "cpu"),
        "gpu": number("gpu", "gpu"),
        "ram": number("ram_gb", "ram"),
        "io_charge": number("io_charge", "io_charge"),
        "time_out_secs": number("time_limit_s", "time_out_secs"),
        "data_repository": equal("repository__name"),
        "parents": linked("parents"),
        "date_range": between("at__date"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        mine = Prefetch("parents", self.sight.of(Task))
        rows = self.seen().select_related("session__lab", "repository").prefetch_related(mine)
        return rows.order_by("level", "-priority", "-session__began_at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return tasks.create_task(by=self.person, values=values)
        return tasks.change_task(task=record, by=self.person, values=values)
