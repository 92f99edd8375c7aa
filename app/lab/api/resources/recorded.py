"""What was recorded: datasets, files, where they lie, what is said about them."""

from typing import Any
from uuid import UUID

from accounts.models import User
from lab import models
from lab.api.filters import IDS, Filter, keeping, several
from lab.api.resource import Resource, taking, words
from lab.errors import DoesNotFit
from lab.services import datasets, records, tasks

SOME = "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"


def _create_dataset(*, by: User, values: Any, reason: str = "") -> Any:
    """Enter a dataset of a session; it belongs to the session's lab."""
    session = values.get("session")
    if session is None:
        raise DoesNotFit("Say of which session it is.", field="session")
    given = {**values, "lab": session.lab, "created_by": by}
    return datasets.create_dataset(by=by, values=given, reason=reason)


def _change_dataset(*, record: Any, by: User, values: Any, reason: str = "") -> Any:
    _need_to_stay(record, values)
    return records.change(record=record, by=by, values=values, reason=reason)


def _change_datasets(*, by: User, pairs: Any, reason: str = "") -> list[Any]:
    for record, values in pairs:
        _need_to_stay(record, values)
    return records.change_many(by=by, pairs=pairs, reason=reason)


def _need_to_stay(record: Any, values: Any) -> None:
    session = values.get("session", record.session_id)
    if getattr(session, "pk", session) != record.session_id:
        raise DoesNotFit("A dataset stays with its session.", field="session")


DATASETS = Resource(
    name="datasets",
    model=models.Dataset,
    about="One file's content, wherever copies of it lie.",
    fields=words(
        """
        session lab name collection revision is_default type format file_size hash version software
        provenance qc tags created_by created_at changed_at is_online json
        """
    ),
    read_only=words("changed_at is_online lab created_by created_at"),
    create=_create_dataset,
    change=_change_dataset,
    change_many=_change_datasets,
    filters=(
        Filter(
            "data_format",
            "Ids of formats, parted by commas.",
            several(UUID),
            keeping("format__in"),
            IDS,
        ),
    ),
    order=("-created_at", "changed_at", "id"),
    example={
        "session": SOME,
        "name": "wheel.position.npy",
        "collection": "alf",
        "type": SOME,
        "format": SOME,
    },
)
FILES = Resource(
    name="files",
    model=models.FileRecord,
    about="One copy of a dataset: where it should lie, and whether it is there.",
    fields=words("dataset repository relative_path exists checked_at json"),
    read_only=("checked_at",),
    order=("id",),
    example={"dataset": SOME, "repository": SOME, "relative_path": "KS014/2026-03-02/001/a.npy"},
)
REPOSITORIES = Resource(
    name="repositories",
    model=models.Repository,
    about="A place that holds files: a mounted folder, a bucket, a web server, a shelf.",
    fields=words(
        """
        name kind type folder network_path hostname data_url time_zone bucket prefix endpoint_url
        globus_path globus_endpoint_id is_personal json
        """
    ),
    order=("name", "id"),
    example={"name": "share", "kind": "folder", "folder": "/srv/share"},
)
TYPES = Resource(
    name="dataset-types",
    model=models.DatasetType,
    about="What a dataset is, recognised by its file's name.",
    fields=words("name description filename_pattern created_by json"),
    optional=("created_by",),
    order=("name", "id"),
    example={"name": "wheel.position"},
)
FORMATS = Resource(
    name="data-formats",
    model=models.DataFormat,
    about="How a file is written, recognised by its ending.",
    fields=words(
        """
        name description file_extension matlab_loader_function python_loader_function json
        """
    ),
    order=("name", "id"),
    example={"name": "npy", "file_extension": ".npy"},
)
REVISIONS = Resource(
    name="revisions",
    model=models.Revision,
    about="A later state of datasets, kept beside the earlier.",
    fields=words("name description created_at json"),
    order=("-created_at", "name", "id"),
    example={"name": "2026-04-01"},
)
TAGS = Resource(
    name="tags",
    model=models.Tag,
    about="A label, such as a publication's; a protected one keeps its datasets as they are.",
    fields=words("name description is_protected is_public hash json"),
    order=("name", "id"),
    example={"name": "2026 paper", "is_protected": True},
)
TASKS = Resource(
    name="tasks",
    model=models.Task,
    about="A step of a pipeline of analysis, as programs on other machines report it.",
    fields=words(
        """
        name session executable graph arguments parents repository level priority cpu gpu ram_gb
        io_charge time_limit_s elapsed_s status log version at json
        """
    ),
    order=("-at", "priority", "id"),
    create=tasks.create_task,
    change=taking("task", tasks.change_task),
    example={"name": "spike sorting", "session": SOME, "graph": "ephys"},
)

ALL = (DATASETS, FILES, REPOSITORIES, TYPES, FORMATS, REVISIONS, TAGS, TASKS)
