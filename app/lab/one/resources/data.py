"""Datasets and files, and the short lists that describe them."""

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from rest_framework import serializers

from lab.models import (
    DataFormat,
    Dataset,
    DatasetType,
    FileRecord,
    Quality,
    Repository,
    RepositoryType,
    Revision,
    Tag,
)
from lab.one import addresses, vocabulary
from lab.one.fields import LabelField, NameField, UrlField, WallClockField, address
from lab.one.filters import (
    alike,
    between,
    equal,
    is_true,
    key,
    linked,
    number,
    on_day,
    quality,
)
from lab.one.resources.people import people
from lab.one.resources.sessions import seen_sessions
from lab.one.views import Writes
from lab.queries import counts, places
from lab.services import datasets


class ByName(Writes):
    """A short list of the site, each entry found by its name."""

    lookup_field = "name"
    lookup_value_regex = "[^/]+"
    vocabulary = vocabulary.named
    filters: ClassVar = {"name": equal("name")}


class DatasetTypeShape(serializers.ModelSerializer[DatasetType]):
    created_by = NameField("username", people, required=False, allow_null=True)

    class Meta:
        model = DatasetType
        fields = ["id", "name", "created_by", "description", "filename_pattern", "json"]
        read_only_fields = ["id"]

    def to_representation(self, instance: DatasetType) -> dict[str, Any]:
        """Return the type; ONE strips the pattern, so that one that is not there is empty."""
        shown: dict[str, Any] = super().to_representation(instance)
        return shown | {"filename_pattern": instance.filename_pattern or ""}


class DatasetTypes(ByName):
    kind = DatasetType
    serializer_class = DatasetTypeShape

    def get_queryset(self) -> QuerySet[Any]:
        return DatasetType.objects.select_related("created_by")


class DataFormatShape(serializers.ModelSerializer[DataFormat]):
    class Meta:
        model = DataFormat
        fields = ["id", "name", "description", "file_extension", "matlab_loader_function",
                  "python_loader_function", "json"]  # fmt: skip
        read_only_fields = ["id"]


class DataFormats(ByName):
    kind = DataFormat
    serializer_class = DataFormatShape


class RepositoryTypeShape(serializers.ModelSerializer[RepositoryType]):
    class Meta:
        model = RepositoryType
        fields = ["id", "name", "json"]
        read_only_fields = ["id"]


class RepositoryTypes(ByName):
    kind = RepositoryType
    serializer_class = RepositoryTypeShape


class RepositoryShape(serializers.ModelSerializer[Repository]):
    repository_type = NameField(
        "name", lambda _user: RepositoryType.objects.all(), source="type", required=False,
        allow_null=True,
    )  # fmt: skip
    globus_is_personal = serializers.BooleanField(
        source="is_personal", required=False, allow_null=True
    )
    timezone = serializers.CharField(source="time_zone", required=False, allow_blank=True)

    class Meta:
        model = Repository
        fields = [
            "id", "name", "kind", "timezone", "repository_type", "hostname", "data_url",
            "globus_path", "globus_endpoint_id", "globus_is_personal", "network_path", "json",
        ]  # fmt: skip
        read_only_fields = ["id"]


class Repositories(ByName):
    """Places of files; which folder of the server one is, is said in the administration alone."""

    kind = Repository
    serializer_class = RepositoryShape
    vocabulary = vocabulary.repositories
    filters: ClassVar = {
        "name": equal("name"),
        "hostname": equal("hostname"),
        "repository_type": equal("type__name"),
        "globus_is_personal": lambda rows, text, _view: rows.filter(
            is_personal=is_true("globus_is_personal", text)
        ),
        "globus_endpoint_id": key("globus_endpoint_id", "globus_endpoint_id"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        return Repository.objects.select_related("type")


class RevisionShape(serializers.ModelSerializer[Revision]):
    created_datetime = serializers.DateTimeField(source="created_at", required=False)

    class Meta:
        model = Revision
        fields = ["id", "name", "description", "created_datetime", "json"]
        read_only_fields = ["id"]


class Revisions(ByName):
    kind = Revision
    serializer_class = RevisionShape


class TagShape(serializers.ModelSerializer[Tag]):
    protected = serializers.BooleanField(source="is_protected", required=False)
    public = serializers.BooleanField(source="is_public", required=False)
    datasets = NameField("pk", Dataset.objects.visible_to, many=True, required=False)

    class Meta:
        model = Tag
        fields = ["id", "name", "description", "protected", "public", "hash", "datasets", "json"]
        read_only_fields = ["id"]


class TagRow(TagShape):
    """A tag in a list: without its datasets, of which it may have a million."""

    class Meta(TagShape.Meta):
        fields = [name for name in TagShape.Meta.fields if name != "datasets"]

    datasets = None  # type: ignore[assignment]  # taken out of what is inherited


class Tags(ByName):
    kind = Tag
    serializer_class = TagShape
    list_serializer = TagRow


# What the address of a file is made of, from its dataset on.
WAY = ("revision", "session__subject", "session__lab__profile")


class FileShape(serializers.ModelSerializer[FileRecord]):
    dataset = NameField("pk", Dataset.objects.visible_to)
    data_repository = NameField("name", lambda _user: Repository.objects.all(), source="repository")
    data_repository_path = serializers.CharField(source="repository.globus_path", read_only=True)
    data_url = serializers.SerializerMethodField()
    network_path = serializers.SerializerMethodField(help_text="What people open at their desk.")

    class Meta:
        model = FileRecord
        fields = ["id", "dataset", "data_repository", "data_repository_path", "relative_path",
                  "data_url", "network_path", "exists", "json"]  # fmt: skip
        read_only_fields = ["id"]

    def get_network_path(self, record: FileRecord) -> str:
        return places.network_path(record)

    def get_data_url(self, record: FileRecord) -> str | None:
        return addresses.data_url(record, self.context["request"])


class Files(Writes):
    kind = FileRecord
    serializer_class = FileShape
    vocabulary = vocabulary.files
    filters: ClassVar = {
        "dataset": key("dataset", "dataset"),
        "exists": lambda rows, text, _view: rows.filter(exists=is_true("exists", text)),
        "lab": alike("dataset__lab__profile__path_name"),
        "data_repository": equal("repository__name"),
        "globus_is_personal": lambda rows, text, _view: rows.filter(
            repository__is_personal=is_true("globus_is_personal", text)
        ),
        "relative_path": equal("relative_path"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("repository", *(f"dataset__{way}" for way in WAY))
        return rows.order_by("pk")

    def count_of_all(self, rows: QuerySet[Any]) -> int:
        return counts.of_files(rows, self.sight)


class FileOfDataset(FileShape):
    class Meta(FileShape.Meta):
        fields = ["id", "data_repository", "data_repository_path", "relative_path", "data_url",
                  "network_path", "exists"]  # fmt: skip

    dataset = None  # type: ignore[assignment]  # it stands around


class DatasetShape(serializers.ModelSerializer[Dataset]):
    created_by = NameField("username", people, required=False)
    created_datetime = WallClockField(source="created_at", required=False)
    auto_datetime = WallClockField(source="changed_at", read_only=True)
    dataset_type = NameField("name", lambda _user: DatasetType.objects.all(), source="type")
    data_format = NameField("name", lambda _user: DataFormat.objects.all(), source="format")
    session = NameField("pk", seen_sessions, required=False, allow_null=True)
    experiment_number = serializers.IntegerField(source="session.number", read_only=True)
    revision = NameField(
        "name", lambda _user: Revision.objects.all(), required=False, allow_null=True
    )
    default_dataset = serializers.BooleanField(source="is_default", required=False)
    tags = NameField("name", lambda _user: Tag.objects.all(), many=True, required=False)
    protected = serializers.SerializerMethodField()
    public = serializers.SerializerMethodField()
    qc = LabelField(Quality, required=False)
    file_records = FileOfDataset(many=True, read_only=True)
    url = UrlField("datasets")

    class Meta:
        model = Dataset
        fields = [
            "url", "name", "created_by", "created_datetime", "dataset_type", "data_format",
            "collection", "session", "file_size", "hash", "version", "experiment_number",
            "file_records", "auto_datetime", "revision", "default_dataset", "protected", "public",
            "tags", "qc", "json",
        ]  # fmt: skip
        validators: ClassVar[list[Any]] = []  # the database says it, in our words

    def get_protected(self, dataset: Dataset) -> int:
        return int(any(tag.is_protected for tag in dataset.tags.all()))

    def get_public(self, dataset: Dataset) -> int:
        return int(any(tag.is_public for tag in dataset.tags.all()))

    def to_representation(self, instance: Dataset) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        request = self.context["request"]
        shown["session"] = (
            address(request, "sessions", instance.session_id) if instance.session_id else None
        )
        shown.setdefault("experiment_number", None)
        return shown


def tagged(*, protected: bool) -> Any:
    name = "is_protected" if protected else "is_public"
    through = Dataset.tags.through.objects

    def keep(rows: QuerySet[Any], text: str, _view: Any) -> QuerySet[Any]:
        there = Exists(through.filter(dataset=OuterRef("pk"), **{f"tag__{name}": True}))
        return rows.filter(there) if is_true(name[3:], text) else rows.filter(~there)

    return keep


class Datasets(Writes):
    kind = Dataset
    serializer_class = DatasetShape
    vocabulary = vocabulary.datasets
    filters: ClassVar = {
        "name": equal("name"),
        "collection": equal("collection"),
        "session": key("session", "session"),
        "subject": alike("session__subject__nickname"),
        "lab": alike("lab__profile__path_name"),
        "date": on_day("session__day", "date"),
        "created_date": on_day("created_at__date", "created_date"),
        "created_date_gte": on_day("created_at__date__gte", "created_date_gte"),
        "created_date_lte": on_day("created_at__date__lte", "created_date_lte"),
        "date_range": between("session__day"),
        "created_by": alike("created_by__username"),
        "dataset_type": equal("type__name"),
        "experiment_number": number("session__number", "experiment_number"),
        "exists": lambda rows, text, _view: rows.filter(is_online=is_true("exists", text)),
        "probe_insertion": linked("probe_insertions"),
        "tag": linked("tags__name"),
        "revision": equal("revision__name"),
        "hash": equal("hash"),
        "qc": quality("qc"),
        "protected": tagged(protected=True),
        "public": tagged(protected=False),
    }

    def get_queryset(self) -> QuerySet[Any]:
        files = FileRecord.objects.select_related("repository")
        rows = self.seen().select_related("created_by", "type", "format", "lab", *WAY)
        whole = rows.prefetch_related(Prefetch("file_records", files))
        return whole.prefetch_related("tags").order_by("-created_at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        session = values.get("session")
        if record is None:
            values = {"created_by": self.person, "lab": session and session.lab, **values}
            return datasets.create_dataset(by=self.person, values=values)
        return super().perform(record, values)
