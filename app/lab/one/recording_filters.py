"""The named filters that probes, tracks and imaging planes share, by what they compare."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from lab.models import (
    BrainRegion,
    ChronicInsertion,
    Dataset,
    FieldOfView,
    ImagingStack,
    ProbeInsertion,
    Quality,
    Session,
)
from lab.one.errors import FieldRefused
from lab.one.filters import alike, holds, is_true, key, linked, number, on_day, whole
from lab.one.views import Filter
from lab.queries import regions

Rows = QuerySet[Any]


def of_session(session: str) -> dict[str, Filter]:
    """Return the filters by the session that the path ``session`` leads to."""
    projects = linked(f"{session}__projects__profile__path_name", "icontains")
    return {
        "session": key(session, "session"),
        "subject": alike(f"{session}__subject__nickname"),
        "date": on_day(f"{session}__day", "date"),
        "experiment_number": number(f"{session}__number", "experiment_number"),
        "lab": alike(f"{session}__lab__profile__path_name"),
        "project": projects,
        "projects": projects,
        "task_protocol": holds(f"{session}__task_protocol"),
    }


def of_datasets(link: str) -> dict[str, Filter]:
    """Return the filters by the datasets that lead to a row by ``link``."""
    return {
        "dataset_types": lambda rows, text, view: _every(rows, link, view, "type__name", text),
        "datasets": lambda rows, text, view: _every(
            rows, link, view, "name", text, qc__lte=_grade(view.request.query_params)
        ),
        "dataset_qc_lte": lambda rows, text, view: (
            _has(rows, link, view, qc__lte=_quality(text))
            if "datasets" not in view.request.query_params
            else rows
        ),
        "tag": lambda rows, text, view: _has(rows, link, view, tags__name__icontains=text),
    }


def _every(rows: Rows, link: str, view: Any, column: str, text: str, **conditions: Any) -> Rows:
    for word in filter(None, (part.strip() for part in text.split(","))):
        rows = _has(rows, link, view, **{column: word}, **conditions)
    return rows


def _has(rows: Rows, link: str, view: Any, **conditions: Any) -> Rows:
    there = view.sight.of(Dataset).filter(**{link: OuterRef("pk")}, **conditions)
    return rows.filter(Exists(there.order_by()))


def _grade(asked: Any) -> int:
    """Return the worst quality of the datasets that are asked for by their names."""
    return _quality(asked.get("dataset_qc_lte", Quality.FAIL.label))


def _quality(text: str) -> int:
    known = {kind.label: kind.value for kind in Quality}
    known |= {str(kind.value): kind.value for kind in Quality}
    if text.upper() not in known:
        raise FieldRefused("dataset_qc_lte", f"Write one of {', '.join(Quality.labels)}.")
    return known[text.upper()]


def _at(lookup: str, read: Any = str) -> Filter:
    """Keep what was recorded in a region, or in one that lies in it."""

    def keep(rows: Rows, text: str, _view: Any) -> Rows:
        found = BrainRegion.objects.filter(**{lookup: read(text)})
        return recorded_in(rows, regions.with_descendants(found))

    return keep


ATLAS: dict[str, Filter] = {
    "atlas_name": _at("name__icontains"),
    "atlas_acronym": _at("acronym__iexact"),
    "atlas_id": _at("pk", lambda text: whole("atlas_id", text)),
}

PROBE, PLANE = "trajectory__probe_insertion", "field_of_view"
WAYS: dict[Any, tuple[str, str]] = {  # from a channel, from a plane's place
    Session: (f"{PROBE}__session", f"{PLANE}__session"),
    ProbeInsertion: (PROBE, ""),
    ChronicInsertion: ("trajectory__chronic_insertion", ""),
    FieldOfView: ("", PLANE),
    ImagingStack: ("", f"{PLANE}__stack"),
}


def recorded_in(rows: Rows, wanted: list[int]) -> Rows:
    by_channel, by_plane = WAYS[rows.model]
    there = Q()
    if by_channel:
        there |= Q(pk__in=regions.channels_in(wanted).values(by_channel))
    if by_plane:
        there |= Q(pk__in=regions.places_in(wanted).values(by_plane))
    return rows.filter(there)


def histology(rows: Rows, text: str, view: Any) -> Rows:
    """Keep the sessions of animals of which there is histology: a session of that procedure."""
    of_it = view.sight.of(Session).filter(procedures__name__iexact="histology")
    seen = of_it.order_by().values("subject")
    return (
        rows.filter(subject__in=seen)
        if is_true("histology", text)
        else rows.exclude(subject__in=seen)
    )
