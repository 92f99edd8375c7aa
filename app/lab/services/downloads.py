"""How often somebody fetched a dataset."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now

from accounts.models import Project, User
from lab import permissions, recording
from lab.models import Dataset, Download


@transaction.atomic
def count(
    *, by: User, datasets: Sequence[Dataset], projects: Sequence[Project] = ()
) -> list[Download]:
    """Count that ``by`` fetched the datasets: one row for each of them, however many call."""
    with recording.by(by, reason="a download"):
        return [_count(by, dataset, projects) for dataset in datasets]


def _count(by: User, dataset: Dataset, projects: Sequence[Project]) -> Download:
    permissions.need_create(by, Download, dataset.lab)
    mine = Download.objects.filter(user=by, dataset=dataset)
    if not _count_again(by, dataset):
        try:
            with transaction.atomic():
                Download.objects.create(user=by, dataset=dataset, count=1)
        except IntegrityError:  # somebody else was first by a moment
            _count_again(by, dataset)
    found: Download = mine.get()
    found.projects.add(*projects)
    return found


def _count_again(by: User, dataset: Dataset) -> int:
    mine = Download.objects.filter(user=by, dataset=dataset)
    return int(mine.update(count=F("count") + 1, last_at=now()))
