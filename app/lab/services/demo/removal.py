"""Taking the demonstration away: every record of its lab, and nothing of another's."""

from pathlib import Path
from typing import Any

from accounts import audit
from accounts.models import Lab, User
from lab import models
from lab.services.demo.cast import CAST, NAME, SLUG
from lab.services.demo.world import MARK, REASON

# In an order in which nothing is still needed by what comes after.
OF_THE_LAB: tuple[tuple[Any, str], ...] = (
    (models.Dataset, "lab"),
    (models.Note, "lab"),
    (models.Notification, "subject__lab"),
    (models.Subject, "lab"),
    (models.SubjectRequest, "line__lab"),
    (models.Litter, "line__lab"),
    (models.BreedingPair, "line__lab"),
    (models.Line, "lab"),
    (models.Housing, "lab"),
    (models.Location, "lab"),
)
MARKED: tuple[Any, ...] = (models.Allele, models.Sequence, models.Repository)


def the_lab() -> Lab | None:
    return Lab.objects.filter(slug=SLUG, name=NAME, profile__json=MARK).first()


def folders() -> list[Path]:
    """Return where the files of the demonstration that is there lie."""
    found = models.Repository.objects.filter(json=MARK).values_list("folder", flat=True)
    return [Path(folder) for folder in found if folder]


def take_away() -> int:
    """Delete the records for good, close the accounts; return how many rows there were.

    They are invented, so that the trash does not keep them: one entry in the history says it all.
    """
    lab = the_lab()
    if lab is None:
        return 0
    mine = models.Subject._base_manager.filter(lab=lab)  # noqa: SLF001  see above
    mine.update(litter=None, request=None)
    pairs = models.BreedingPair._base_manager.filter(line__lab=lab)  # noqa: SLF001
    pairs.update(father=None, mother1=None, mother2=None)
    count = sum(_delete(kind, {path: lab}) for kind, path in OF_THE_LAB)
    count += sum(_delete(kind, {"json": MARK}) for kind in MARKED)
    User.objects.filter(username__in=[name for name, _, _ in CAST.values()]).update(is_active=False)
    audit.record(action="demonstration.removed", on=lab, changes={"rows": [count, 0]},
                 reason=REASON)  # fmt: skip
    return count


def _delete(kind: Any, conditions: dict[str, Any]) -> int:
    rows = kind._base_manager.filter(**conditions)  # noqa: SLF001
    return int(rows.delete()[0])
