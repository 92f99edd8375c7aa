"""What a publication's tag keeps as it is: datasets, and the records of their files."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import models

from lab.errors import Protected
from lab.models.data import Dataset, FileRecord, Tag

MOST_NAMED = 3
BATCH = 500


def need_unprotected(records: Iterable[models.Model]) -> None:
    """Refuse to touch records when a tag protects one of them, or the dataset of a file.

    One question for every 500 datasets, and none for records of other kinds.
    """
    keys = sorted({key for record in records if (key := _dataset_of(record))})
    for begin in range(0, len(keys), BATCH):
        _need_unprotected(keys[begin : begin + BATCH])


def _dataset_of(record: models.Model) -> Any:
    if isinstance(record, Dataset):
        return record.pk
    return record.dataset_id if isinstance(record, FileRecord) else None


def _need_unprotected(keys: Collection[Any]) -> None:
    links = Dataset.tags.through.objects.filter(dataset__in=keys, tag__is_protected=True)
    found = list(links.select_related("dataset", "tag").order_by("dataset", "tag")[:MOST_NAMED])
    if found:
        raise Protected(named="; ".join(_named(link.dataset, link.tag) for link in found))


def _named(dataset: Dataset, tag: Tag) -> str:
    return f"{dataset} by the tag {tag}"
