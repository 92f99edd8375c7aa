"""Animals, found by their nickname."""

from collections import defaultdict
from typing import Any, ClassVar

from django.db.models import Prefetch, Q, QuerySet
from rest_framework import serializers

from accounts.models import Project
from lab.models import Line, Litter, Session, Source, Species, Strain, Subject, Zygosity
from lab.models.lookups import Named
from lab.one import vocabulary
from lab.one.fields import NameField, UrlField
from lab.one.filters import alike, equal, is_true, linked
from lab.one.resources.people import labs, people, projects, with_profiles
from lab.one.views import Writes
from lab.services import subjects


def projects_of_sessions(subjects: Any, user: Any) -> dict[Any, list[str]]:
    """Return for each animal the projects that ``user`` sees of its sessions, by one question."""
    links = Session.projects.through.objects.filter(
        session__subject__in=subjects, project__in=Project.objects.visible_to(user)
    )
    pairs = links.values_list("session__subject", "project__profile__path_name").distinct()
    found: dict[Any, list[str]] = defaultdict(list)
    for subject, name in sorted(pairs):
        found[subject].append(name)
    return found


def every(model: type[Named]) -> Any:
    return lambda _user: model._default_manager.all()  # noqa: SLF001


class SubjectShape(serializers.ModelSerializer[Subject]):
    """An animal in a list."""

    responsible_user = NameField("username", people, required=False)
    birth_date = serializers.DateField(source="born_on", required=False, allow_null=True)
    death_date = serializers.DateField(source="died_on", required=False, allow_null=True)
    wean_date = serializers.DateField(source="weaned_on", required=False, allow_null=True)
    age_weeks = serializers.IntegerField(read_only=True)
    species = NameField("name", every(Species), required=False, allow_null=True)
    strain = NameField("name", every(Strain), required=False, allow_null=True)
    source = NameField(  # type: ignore[assignment]  # a field of that name
        "name", every(Source), required=False, allow_null=True
    )
    line = NameField("name", Line.objects.visible_to, required=False, allow_null=True)
    litter = NameField("name", Litter.objects.visible_to, required=False, allow_null=True)
    lab = NameField("profile__path_name", labs, required=False)
    projects = NameField("profile__path_name", projects, many=True, required=False)
    session_projects = serializers.SerializerMethodField()
    genotype = serializers.SerializerMethodField()
    alive = serializers.BooleanField(read_only=True)
    url = UrlField("subjects", "nickname")

    class Meta:
        model = Subject
        fields = [
            "id", "nickname", "url", "responsible_user", "birth_date", "age_weeks", "death_date",
            "wean_date", "species", "sex", "litter", "strain", "source", "line", "projects",
            "session_projects", "lab", "genotype", "description", "alive", "json",
        ]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = {"nickname": {"required": False, "allow_blank": True}}

    _of_sessions: dict[Any, list[str]] | None = None

    def get_session_projects(self, subject: Subject) -> list[str]:
        if self._of_sessions is None:  # asked once for all animals that are shown together
            together = self.parent.instance if self.parent else [subject]
            self._of_sessions = projects_of_sessions(together, self.context["request"].user)
        return self._of_sessions.get(subject.pk, [])

    def get_genotype(self, subject: Subject) -> list[str]:
        return [str(zygosity) for zygosity in subject.zygosities.all()]


class Subjects(Writes):
    kind = Subject
    vocabulary = vocabulary.subjects
    serializer_class = SubjectShape
    lookup_field = "nickname"
    lookup_value_regex = "[^/]+"
    filters: ClassVar = {
        "nickname": equal("nickname"),
        "alive": lambda rows, text, _view: _alive(rows, is_alive=is_true("alive", text)),
        "responsible_user": alike("responsible_user__username"),
        "stock": lambda rows, text, _view: _stock(rows, is_stock=is_true("stock", text)),
        "water_restricted": lambda rows, text, _view: _restricted(
            rows, is_restricted=is_true("water_restricted", text)
        ),
        "lab": alike("lab__profile__path_name"),
        "project": linked("projects__profile__path_name", "iexact"),
        "sex": equal("sex"),
        "line": equal("line__name"),
        "species": equal("species__name"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related(
            "responsible_user", "species", "strain", "source", "line", "litter", "lab__profile"
        )
        return rows.prefetch_related(
            with_profiles("projects", self.person),
            Prefetch("zygosities", Zygosity.objects.select_related("allele")),
        )

    def find(self, key: str) -> Any:
        return subjects.find(self.person, key, among=self.get_queryset())

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return subjects.create_subject(by=self.person, values=values)
        return subjects.change_subject(subject=record, by=self.person, values=values)


def _alive(rows: Any, *, is_alive: bool) -> Any:
    return rows.alive() if is_alive else rows.dead()


def _restricted(rows: Any, *, is_restricted: bool) -> Any:
    restricted = rows.water_restricted()
    return restricted if is_restricted else rows.exclude(pk__in=restricted.values("pk"))


def _stock(rows: Any, *, is_stock: bool) -> Any:
    """Keep the animals that nobody but who keeps the colony is responsible for, or the others."""
    keepers = Q(responsible_user__memberships__role__in=["colony manager"])
    mine = rows.model.objects.filter(keepers).values("pk")
    return rows.filter(pk__in=mine) if is_stock else rows.exclude(pk__in=mine)
