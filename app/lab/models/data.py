"""Datasets and files: what was recorded, and where it lies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self, cast

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.timezone import now

from accounts.models import Lab, Project
from accounts.models.labs import check_time_zone
from accounts.roles import Role, is_operator
from lab import alf
from lab.models.actions import Quality, Session
from lab.models.lookups import Named
from lab.models.recorded import Recorded, RecordedQuerySet
from lab.models.visibility import OfLabQuerySet, Person, about_hidden

COLLECTION = RegexValidator(
    r"^([A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*)?$", "Write folders' names parted by slashes."
)
REVISION = RegexValidator(r"^[A-Za-z0-9_.-]+$", "Write letters, digits, dots and hyphens.")
EXTENSION = RegexValidator(r"^\.[A-Za-z0-9_.-]+$", "Begin with a dot, as in .npy.")


@contextmanager
def _speaking_of(field: str) -> Iterator[None]:
    """Let a refusal name the field that it is about."""
    try:
        yield
    except (ValidationError, alf.NotAlf) as error:
        raise ValidationError({field: getattr(error, "messages", [str(error)])}) from None


class RepositoryType(Named):
    pass


class Repository(Recorded):
    """A place that holds files: a mounted folder, a bucket, a web server, a shelf."""

    class Kind(models.TextChoices):
        FOLDER = "folder", "mounted folder"
        S3 = "s3", "S3-compatible storage"
        HTTP = "http", "web server"
        GLOBUS = "globus", "Globus endpoint"
        OFFLINE = "offline", "not reachable"

    name = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.FOLDER)
    type = models.ForeignKey(RepositoryType, models.SET_NULL, null=True, blank=True)
    folder = models.CharField(
        max_length=1023, blank=True, default="", help_text="Where it is mounted on the server."
    )
    network_path = models.CharField(
        max_length=1023, blank=True, default="", help_text=r"What people open: \\server\share."
    )
    hostname = models.CharField(max_length=255, blank=True, default="")
    data_url = models.URLField(max_length=1023, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    bucket = models.CharField(max_length=255, blank=True, default="")
    prefix = models.CharField(max_length=1023, blank=True, default="")
    endpoint_url = models.URLField(max_length=1023, blank=True, default="")
    globus_path = models.CharField(max_length=1023, blank=True, default="")
    globus_endpoint_id = models.UUIDField(null=True, blank=True)
    is_personal = models.BooleanField(
        null=True,
        blank=True,
        help_text="Somebody's own computer, which the site does not count on.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "repositories"

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        if self.time_zone:
            with _speaking_of("time_zone"):
                check_time_zone(self.time_zone)

    @property
    def is_server(self) -> bool:
        """Say whether files here count as being there for everybody."""
        return self.is_personal is False


class DataFormat(Named):
    file_extension = models.CharField(max_length=32, validators=[EXTENSION])
    matlab_loader_function = models.CharField(max_length=255, blank=True, default="")
    python_loader_function = models.CharField(max_length=255, blank=True, default="")


class DatasetType(Named):
    """What a dataset is, recognised by its file's name."""

    filename_pattern = models.CharField(
        max_length=255, unique=True, null=True, blank=True,
        help_text="As in *spikes.times*.npy; empty: the name, object.attribute.",
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def clean_fields(self, exclude: Any = None) -> None:
        self.filename_pattern = self.filename_pattern or None  # types without one are not alike
        super().clean_fields(exclude)


class Tag(Named):
    """A label, such as a publication's; a protected one keeps its datasets as they are."""

    is_protected = models.BooleanField(default=False)
    is_public = models.BooleanField(default=False)
    hash = models.CharField(max_length=64, blank=True, default="")


class Revision(Recorded):
    name = models.CharField(max_length=255, unique=True, validators=[REVISION])
    description = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class DatasetQuerySet(OfLabQuerySet["Dataset"]):
    projects_path = "session__projects"

    def hidden(self, closed: list[int]) -> Q:
        return super().hidden(closed) | Q(pk__in=hanging_on_hidden(closed).values("pk"))


def hanging_on_hidden(closed: list[int]) -> QuerySet["Dataset"]:
    """Return the datasets of no session whose object is of closed projects only."""
    none = Dataset._base_manager.filter(session=None)  # noqa: SLF001
    return none.filter(about_hidden(closed, besides=THROUGH_DATASETS))


# A dataset is not of what is known through datasets.
THROUGH_DATASETS = frozenset({"dataset", "filerecord", "download", "note"})


class Dataset(Recorded):
    """One file's content, wherever copies of it lie; of a session, or of another object."""

    session = models.ForeignKey(
        Session, models.CASCADE, null=True, blank=True, related_name="datasets"
    )
    content_type = models.ForeignKey(ContentType, models.PROTECT, null=True, blank=True)
    object_id = models.UUIDField(null=True, blank=True)
    content_object = GenericForeignKey("content_type", "object_id")
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=255)
    collection = models.CharField(max_length=255, blank=True, default="", validators=[COLLECTION])
    revision = models.ForeignKey(
        Revision, models.PROTECT, null=True, blank=True, related_name="datasets"
    )
    is_default = models.BooleanField("default revision", default=True)
    type = models.ForeignKey(DatasetType, models.PROTECT, related_name="datasets")
    format = models.ForeignKey(DataFormat, models.PROTECT, related_name="datasets")
    file_size = models.BigIntegerField("size (bytes)", null=True, blank=True)
    hash = models.CharField(max_length=64, blank=True, default="")
    version = models.CharField(max_length=64, blank=True, default="")
    software = models.CharField("generating software", max_length=255, blank=True, default="")
    provenance = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="derived"
    )
    qc = models.PositiveSmallIntegerField(choices=Quality.choices, default=Quality.NOT_SET)
    tags = models.ManyToManyField(Tag, blank=True, related_name="datasets")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(auto_now=True)
    is_online = models.BooleanField(
        default=False, editable=False, help_text="A server repository has it."
    )

    notes = GenericRelation("lab.Note")

    objects: ClassVar[Any] = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "collection", "name", "revision"],
                name="dataset_unique_in_session",
            ),
            models.UniqueConstraint(
                fields=["session", "collection", "name"],
                condition=Q(revision=None),
                name="original_dataset_unique_in_session",
            ),
            models.UniqueConstraint(
                fields=["content_type", "object_id", "collection", "name", "revision"],
                name="dataset_unique_in_object",
            ),
            models.UniqueConstraint(
                fields=["content_type", "object_id", "collection", "name"],
                condition=Q(revision=None),
                name="original_dataset_unique_in_object",
            ),
            models.UniqueConstraint(
                fields=["session", "collection", "name"],
                condition=Q(is_default=True, session__isnull=False),
                name="dataset_has_one_default_revision",
            ),
            models.CheckConstraint(
                condition=Q(file_size=None) | Q(file_size__gte=0),
                name="dataset_size_is_not_negative",
            ),
        ]
        indexes = [
            # Each holds all that its lists ask for, so that a million rows are counted without a
            # look at one of them.
            models.Index(
                fields=["-created_at", "id", "lab", "is_online"], name="dataset_newest_first"
            ),
            models.Index(fields=["name", "is_online", "session"], name="dataset_by_name"),
            models.Index(fields=["collection", "name", "lab"], name="dataset_by_collection"),
            models.Index(fields=["lab", "is_online"], name="dataset_by_lab"),
            models.Index(fields=["type", "session"], name="dataset_by_type"),
            models.Index(fields=["changed_at"], name="dataset_by_change"),
            models.Index(fields=["content_type", "object_id"], name="dataset_by_object"),
        ]

    def clean_fields(self, exclude: Any = None) -> None:
        """Hold new names to the convention; what came with older records stays as it is."""
        super().clean_fields(exclude)
        said = {"name", "collection"} if self._state.adding else set(self.changes())
        if "name" in said:
            with _speaking_of("name"):
                alf.need_name(self.name)
        if "collection" in said:
            with _speaking_of("collection"):
                alf.need_collection(self.collection)

    def __str__(self) -> str:
        folder = f"{self.collection}/" if self.collection else ""
        return f"{folder}{self.name}"


class FileRecordQuerySet(OfLabQuerySet["FileRecord"]):
    lab_path = "dataset__lab"
    projects_path = "dataset__session__projects"

    def hidden(self, closed: list[int]) -> Q:
        return super().hidden(closed) | Q(dataset__in=hanging_on_hidden(closed).values("pk"))


class FileRecord(Recorded):
    """One copy of a dataset: where it should lie, and whether it is there."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="file_records")
    repository = models.ForeignKey(Repository, models.PROTECT, related_name="file_records")
    relative_path = models.CharField(max_length=1023)
    exists = models.BooleanField(default=False)
    checked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = FileRecordQuerySet.as_manager()

    class Meta:
        ordering = ["relative_path"]
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "relative_path"], name="file_unique_in_repository"
            ),
            models.CheckConstraint(
                condition=~Q(relative_path__contains="..") & ~Q(relative_path__startswith="/"),
                name="file_stays_in_its_repository",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.repository}: {self.relative_path}"

    @property
    def lab(self) -> Lab | None:
        return self.dataset.lab


class DownloadQuerySet(OfLabQuerySet["Download"]):
    lab_path = "dataset__lab"
    projects_path = "dataset__session__projects"

    def hidden(self, closed: list[int]) -> Q:
        return super().hidden(closed) | Q(dataset__in=hanging_on_hidden(closed).values("pk"))

    def visible_to(self, user: Person) -> Self:
        """Return the person's own, and those of the datasets of labs that they manage."""
        if not user.is_active:
            return self.none()
        managed = self.with_role(user, Role.MANAGER)
        return self.filter(Q(user=user.pk) | Q(pk__in=managed.values("pk")))


class Download(Recorded):
    """How often somebody fetched a dataset."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="downloads"
    )
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="downloads")
    projects = models.ManyToManyField(Project, blank=True, related_name="+")
    first_at = models.DateTimeField(default=now)
    last_at = models.DateTimeField(default=now)
    count = models.PositiveIntegerField(default=0)

    objects: ClassVar[Any] = DownloadQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "dataset"], name="download_unique_for_user_and_dataset"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.dataset}, {self.count} times"

    @property
    def lab(self) -> Lab | None:
        return self.dataset.lab


class DataNoticeQuerySet(RecordedQuerySet["DataNotice"]):
    def visible_to(self, user: Person) -> Self:
        """Return the notices about something that the person sees, and those about no dataset."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        through = DataNotice.datasets.through.objects.filter(datanotice=OuterRef("pk"))
        seen = Exists(through.filter(dataset__in=Dataset.objects.visible_to(user).values("pk")))
        return self.filter(seen | ~Exists(through) | Q(created_by=user.pk))


class DataNotice(Recorded):
    """Something that people who use certain datasets should know."""

    class Importance(models.IntegerChoices):
        LOW = 20, "low"
        MEDIUM = 30, "medium"
        HIGH = 40, "high"
        CRITICAL = 50, "critical"

    name = models.CharField(max_length=255, unique=True)
    description = models.TextField(help_text="Markdown.")
    importance = models.PositiveSmallIntegerField(
        choices=Importance.choices, default=Importance.MEDIUM
    )
    datasets = models.ManyToManyField(Dataset, blank=True, related_name="notices")
    version_affected = models.CharField(max_length=255, blank=True, default="")
    affected_from = models.DateField(null=True, blank=True)
    affected_until = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    objects: ClassVar[Any] = DataNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-importance", "-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(affected_until=None)
                | Q(affected_from=None)
                | Q(affected_until__gte=F("affected_from")),
                name="notice_ends_after_its_start",
            )
        ]

    def __str__(self) -> str:
        return self.name
