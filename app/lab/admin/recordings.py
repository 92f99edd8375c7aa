"""Where in the brain was recorded: probes, tracks, channels, imaging planes."""

from typing import Any

from django.contrib import admin

from lab.admin.base import RecordAdmin, TableInline
from lab.admin.filters import SeenFilter
from lab.admin.sections import RECORDINGS
from lab.models import (
    BrainRegion,
    Channel,
    ChronicInsertion,
    FieldOfView,
    FieldOfViewLocation,
    ImagingStack,
    ProbeInsertion,
    TrajectoryEstimate,
)

COORDINATES: list[Any] = [
    ("x_um", "y_um", "z_um"),
    "depth_um",
    ("theta_deg", "phi_deg", "roll_deg"),
]


class TrackInline(TableInline):
    model = TrajectoryEstimate
    fields = ["provenance", "coordinate_system", "x_um", "y_um", "z_um", "depth_um",
              "theta_deg", "phi_deg", "roll_deg"]  # fmt: skip

    def hung(self, form: Any, parent: Any, by: Any) -> dict[str, Any]:
        return super().hung(form, parent, by) | {"lab": parent.lab}


@admin.register(ProbeInsertion)
class ProbeInsertionAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["name", "session", "model", "serial", "chronic_insertion", "changed_at"]
    list_filter = [("model", SeenFilter)]
    search_fields = ["name", "serial", "session__subject__nickname"]
    inlines = [TrackInline]
    fields = [
        ("name", "session"), ("model", "serial"), "chronic_insertion", "datasets", "json",
    ]  # fmt: skip


@admin.register(ChronicInsertion)
class ChronicInsertionAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["recording", "model", "serial"]
    list_filter = [("model", SeenFilter)]
    list_joins = ("recording__subject",)
    search_fields = ["recording__name", "recording__subject__nickname", "serial"]
    inlines = [TrackInline]
    fields = ["recording", ("model", "serial"), "json"]


@admin.register(TrajectoryEstimate)
class TrajectoryAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["probe_insertion", "chronic_insertion", "provenance", "coordinate_system",
                    "x_um", "y_um", "z_um", "at"]  # fmt: skip
    list_display_links = ["probe_insertion", "provenance"]
    list_filter = ["provenance", ("coordinate_system", SeenFilter)]
    search_fields = ["probe_insertion__name", "probe_insertion__session__subject__nickname"]
    fields = [
        ("probe_insertion", "chronic_insertion"), "lab", ("provenance", "coordinate_system"),
        *COORDINATES, "json",
    ]  # fmt: skip


@admin.register(Channel)
class ChannelAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["name", "trajectory", "axial_um", "lateral_um", "brain_region"]
    list_display_links = ["name", "trajectory"]
    search_fields = [
        "name", "brain_region__acronym", "trajectory__probe_insertion__session__subject__nickname",
    ]  # fmt: skip
    fields = [
        ("name", "trajectory"), ("axial_um", "lateral_um"), ("x_um", "y_um", "z_um"),
        "brain_region", "json",
    ]  # fmt: skip


@admin.register(BrainRegion)
class BrainRegionAdmin(RecordAdmin):
    section = RECORDINGS
    is_read_only = True
    list_display = ["acronym", "name", "id", "parent", "ontology"]
    list_filter = ["ontology"]
    search_fields = ["acronym__startswith", "name"]
    fields = ["id", "acronym", "name", "parent", "ontology", "description", "path"]


class PlaceInline(TableInline):
    model = FieldOfViewLocation
    fields = ["provenance", "is_default", "coordinate_system", "name", "brain_regions"]


@admin.register(FieldOfView)
class FieldOfViewAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["name", "session", "imaging_type", "stack"]
    list_filter = [("imaging_type", SeenFilter)]
    search_fields = ["name", "session__subject__nickname"]
    inlines = [PlaceInline]
    fields = [("name", "session"), ("imaging_type", "stack"), "datasets", "json"]


@admin.register(FieldOfViewLocation)
class FieldOfViewLocationAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["field_of_view", "provenance", "is_default", "coordinate_system"]
    list_filter = ["provenance", "is_default", ("coordinate_system", SeenFilter)]
    search_fields = ["field_of_view__name", "field_of_view__session__subject__nickname"]
    fields = [
        ("field_of_view", "name"), ("provenance", "is_default"), "coordinate_system",
        "x", "y", "z", "n_xyz", "brain_regions", "json",
    ]  # fmt: skip


@admin.register(ImagingStack)
class ImagingStackAdmin(RecordAdmin):
    section = RECORDINGS
    list_display = ["__str__"]
    search_fields = ["name"]
    fields = ["name", "json"]
