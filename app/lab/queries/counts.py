"""How many rows a long list has, without walking through what every row hangs on."""

from typing import Any

from accounts.models import Lab
from accounts.roles import is_operator
from lab.models import Dataset, FileRecord
from lab.queries.sight import Sight


def of_files(rows: Any, sight: Sight) -> int:
    """Return how many file records there are of all that the person sees.

    ``rows`` are those, unfiltered. A file is seen through its dataset; where the person sees the
    datasets of every lab that has any, the files are counted alone: of three million that takes a
    tenth of the time.
    """
    if is_operator(sight.user) or (not sight.closed and not _are_others(sight)):
        return int(FileRecord.objects.order_by().count())
    return int(rows.order_by().count())


def _are_others(sight: Sight) -> bool:
    """Say whether a lab has datasets that the person does not see: one look into an index each."""
    others = Lab.objects.exclude(pk__in=sight.labs).values_list("pk", flat=True)
    found = (Dataset.objects.filter(lab=lab).exists() for lab in [None, *others])
    return any(found)
