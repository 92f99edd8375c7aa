"""Downloads: how often somebody fetched a dataset; counted when a program says so."""

from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from lab.models import Dataset, Download
from lab.one import vocabulary
from lab.one.errors import FieldRefused
from lab.one.fields import NameField, WallClockField
from lab.one.filters import alike, between, equal, key, linked
from lab.one.resources.people import projects, with_profiles
from lab.one.views import OneView, Writes
from lab.one.vocabulary import FREE, Relation, Vocabulary, instant, whole
from lab.one.vocabulary import key as as_key
from lab.services import downloads

MOST = 1000  # datasets in one call


class DownloadShape(serializers.ModelSerializer[Download]):
    user = NameField("username")
    dataset = serializers.UUIDField(source="dataset_id", read_only=True)
    first_download = WallClockField(source="first_at", read_only=True)
    last_download = WallClockField(source="last_at", read_only=True)
    projects = NameField("profile__path_name", many=True)

    class Meta:
        model = Download
        fields = ["id", "user", "dataset", "first_download", "last_download", "count", "projects",
                  "json"]  # fmt: skip
        read_only_fields = ["id", "count"]


class Downloads(Writes):
    """One's own, and those of the lab that one manages; the numbers come from `new-download`."""

    kind = Download
    serializer_class = DownloadShape
    vocabulary = Vocabulary(
        {"id": ("id", as_key), "pk": ("pk", as_key), "count": ("count", whole),
         "first_download": ("first_at", instant), "last_download": ("last_at", instant)},
        {"user": Relation("user", lambda: vocabulary.people),
         "dataset": Relation("dataset", lambda: vocabulary.datasets),
         "projects": Relation("projects", lambda: vocabulary.projects, is_many=True)},
        free=FREE,
    )  # fmt: skip
    http_method_names = ["get", "put", "patch", "head", "options"]
    filters: ClassVar = {
        "user": alike("user__username"),
        "dataset": key("dataset", "dataset"),
        "dataset_type": equal("dataset__type__name"),
        "lab": alike("dataset__lab__profile__path_name"),
        "projects": linked("projects__profile__path_name", "iexact"),
        "date_range": between("last_at__date"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("user", "dataset__lab")
        return rows.prefetch_related(with_profiles("projects", self.person)).order_by(
            "-last_at", "pk"
        )


class NewDownloadShape(serializers.Serializer[Any]):
    """What `new-download` takes."""

    user = serializers.CharField(required=False)
    dataset = serializers.UUIDField(required=False)
    datasets = serializers.ListField(child=serializers.UUIDField(), required=False)
    projects = serializers.ListField(child=serializers.CharField(), required=False)


class NewDownload(OneView):
    """`POST datasets`: count one more download of each."""

    serializer_class = NewDownloadShape

    def post(self, request: Request) -> Response:
        person = cast("User", request.user)
        _need_self(person, _words(request, "user"))
        found = downloads.count(
            by=person, datasets=_datasets(person, request), projects=_projects(person, request)
        )
        shown = [
            {"download": str(each.pk), "dataset": str(each.dataset_id), "count": each.count}
            for each in found
        ]
        is_one = "dataset" in request.data and "datasets" not in request.data
        body: dict[str, Any] = shown[0] if is_one else {
            name: [row[name] for row in shown] for name in ("download", "dataset", "count")
        }  # fmt: skip
        return Response({"user": person.username, **body}, status=201)


def _words(request: Request, name: str) -> list[str]:
    """Return what was sent under a name: a list, or text with commas."""
    data = request.data
    if not hasattr(data, "get"):
        raise FieldRefused(name, "Send an object.")
    value = data.getlist(name) if hasattr(data, "getlist") else data.get(name)
    parts = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(part, str) for part in parts):
        raise FieldRefused(name, "Write a text, or a list of texts.")
    return [word.strip() for part in parts for word in part.split(",") if word.strip()]


def _need_self(person: User, names: list[str]) -> None:
    if names and names != [person.username]:
        raise FieldRefused("user", "Downloads are counted for whoever asks; leave user out.")


def identifiers(request: Request, name: str) -> list[str]:
    """Return the identifiers that were sent under a name."""
    return [_identifier(name, word) for word in _words(request, name)]


def _datasets(person: User, request: Request) -> list[Dataset]:
    name = "datasets" if "datasets" in request.data else "dataset"
    keys = identifiers(request, name)
    if not 0 < len(keys) <= MOST:
        raise FieldRefused(name, f"Name 1 to {MOST} datasets by their id.")
    rows = Dataset.objects.visible_to(person).filter(pk__in=keys).select_related("lab")
    found = {str(row.pk): row for row in rows}
    missing = [each for each in keys if each not in found]
    if missing:
        raise FieldRefused(name, f"There is no dataset {missing[0]} that you can see.")
    return [found[each] for each in dict.fromkeys(keys)]


def _identifier(name: str, word: str) -> str:
    try:
        return str(as_key(word))
    except ValueError:
        raise FieldRefused(name, f"{word[:60]!r} is no identifier.") from None


def _projects(person: User, request: Request) -> list[Any]:
    names = _words(request, "projects")
    found = {row.profile.path_name: row for row in projects(person)} if names else {}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise FieldRefused("projects", f"There is no project {unknown[0][:100]!r} here.")
    return [found[name] for name in names]
