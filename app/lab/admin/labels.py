"""Which rows the words for a record are made of, so that lists fetch them along."""

from collections.abc import Iterable, Iterator

from django.db import models

from lab import models as records
from lab.models.visibility import OfLabQuerySet

SUBJECT = ("subject",)
WORDS: dict[type[models.Model], tuple[str, ...]] = {
    records.Session: SUBJECT,
    records.Surgery: SUBJECT,
    records.VirusInjection: SUBJECT,
    records.ChronicRecording: SUBJECT,
    records.OtherAction: SUBJECT,
    records.WaterRestriction: SUBJECT,
    records.Weighing: SUBJECT,
    records.WaterAdministration: SUBJECT,
    records.Cull: SUBJECT,
    records.HousingPeriod: ("subject", "housing"),
    records.GenotypeTest: ("subject", "sequence"),
    records.Zygosity: ("allele",),
    records.ZygosityRule: ("line", "allele"),
    records.SubjectRequest: ("line", "user"),
    records.FileRecord: ("repository",),
    records.Download: ("user", "dataset"),
    records.ProbeInsertion: ("session__subject",),
    records.ChronicInsertion: ("recording",),
    records.TrajectoryEstimate: (
        "probe_insertion__session__subject",
        "chronic_insertion__recording",
    ),
    records.Channel: (
        "trajectory__probe_insertion__session__subject",
        "trajectory__chronic_insertion__recording",
    ),
    records.FieldOfView: ("session__subject",),
    records.FieldOfViewLocation: ("field_of_view__session__subject",),
    records.Task: ("session__subject",),
    records.NotificationRule: ("user",),
    records.PersonProfile: ("user",),
    records.Affiliation: ("user", "lab"),
}


def words_of(kind: type[models.Model] | None) -> tuple[str, ...]:
    return WORDS.get(kind, ()) if kind else ()


def links_of(kind: type[models.Model]) -> Iterator[models.Field]:  # type: ignore[type-arg]
    """Yield the fields that hold the key of another row."""
    for field in kind._meta.concrete_fields:  # noqa: SLF001
        if field.is_relation:
            yield field


def joins(kind: type[models.Model], names: Iterable[str]) -> list[str]:
    """Return what has to be fetched along to speak of the links with these names."""
    wanted = set(names)
    paths = [
        path
        for link in links_of(kind)
        if link.name in wanted
        for path in (link.name, *_below(link))
    ]
    return [*words_of(kind), *paths]


def all_joins(kind: type[models.Model]) -> list[str]:
    """Return what has to be fetched along to show all of a record, and whose it is."""
    manager = kind._default_manager.all()  # noqa: SLF001
    lab = [manager.lab_path] if isinstance(manager, OfLabQuerySet) else []
    return [*joins(kind, (link.name for link in links_of(kind))), *lab]


def _below(link: models.Field) -> Iterator[str]:  # type: ignore[type-arg]
    related = link.related_model
    if isinstance(related, type):
        yield from (f"{link.name}__{word}" for word in words_of(related))
