"""Where the copies of datasets are, by what is recorded."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from lab.models import Dataset, FileRecord


def by_repository(user: User, lab: str = "", project: str = "") -> list[dict[str, Any]]:
    """Return for each repository how many copies should be there, and how many are."""
    rows: QuerySet[Any] = FileRecord.objects.visible_to(user)
    if lab:
        rows = rows.filter(dataset__lab__profile__path_name__iexact=lab)
    if project:
        of_project = Dataset.objects.filter(session__projects__profile__path_name__iexact=project)
        rows = rows.filter(dataset__in=of_project.values("pk"))
    counted = (
        rows.order_by()
        .values("repository__name", "repository__kind", "repository__is_personal")
        .annotate(files=Count("pk"), exist=Count("pk", filter=Q(exists=True)))
    )
    return [
        {
            "data_repository": each["repository__name"],
            "kind": each["repository__kind"],
            "globus_is_personal": each["repository__is_personal"],
            "files": each["files"],
            "exist": each["exist"],
            "missing": each["files"] - each["exist"],
        }
        for each in counted.order_by("repository__name")
    ]
