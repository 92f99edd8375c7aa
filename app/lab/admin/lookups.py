"""Lists that the site keeps, where files and people are, and what each lab has settled."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest

from lab.admin.base import RecordAdmin
from lab.admin.filters import SeenFilter
from lab.models import (
    Affiliation,
    DataFormat,
    DatasetType,
    LabProfile,
    Location,
    PersonProfile,
    ProbeModel,
    ProjectProfile,
    Recorded,
    Repository,
    Species,
)
from lab.models.lookups import Named


class NamedAdmin(RecordAdmin):
    list_display = ["name", "description"]
    search_fields = ["name", "description"]
    fields = ["name", "description", "json"]


@admin.register(Species)
class SpeciesAdmin(NamedAdmin):
    list_display = ["name", "nickname", "description"]
    fields = [("name", "nickname"), "description", "json"]


@admin.register(ProbeModel)
class ProbeModelAdmin(NamedAdmin):
    list_display = ["name", "manufacturer", "model"]
    fields = ["name", ("manufacturer", "model"), "description", "json"]


@admin.register(DatasetType)
class DatasetTypeAdmin(NamedAdmin):
    list_display = ["name", "filename_pattern", "description"]
    readonly_fields = ["created_by"]
    fields = ["name", "filename_pattern", "description", "created_by", "json"]


@admin.register(DataFormat)
class DataFormatAdmin(NamedAdmin):
    list_display = ["name", "file_extension", "description"]
    fields = [
        ("name", "file_extension"), "description",
        ("python_loader_function", "matlab_loader_function"), "json",
    ]  # fmt: skip


@admin.register(Location)
class LocationAdmin(RecordAdmin):
    list_display = ["name", "lab"]
    list_filter = [("lab", SeenFilter)]
    search_fields = ["name"]
    fields = [("name", "lab"), "json"]


@admin.register(Repository)
class RepositoryAdmin(RecordAdmin):
    list_display = ["name", "kind", "type", "folder", "network_path", "is_personal"]
    list_filter = ["kind", "is_personal", ("type", SeenFilter)]
    search_fields = ["name", "folder", "network_path", "hostname"]
    fieldsets = [
        (None, {"fields": ["name", ("kind", "type"), "is_personal", "time_zone"]}),
        ("Folder", {"fields": ["folder", "network_path"]}),
        ("Server", {"fields": ["data_url", "hostname"]}),
        ("Bucket", {"fields": [("bucket", "prefix"), "endpoint_url"]}),
        ("Globus", {"fields": ["globus_endpoint_id", "globus_path"]}),
        ("Free data", {"fields": ["json"], "classes": ["collapse"]}),
    ]


@admin.register(LabProfile)
class LabProfileAdmin(RecordAdmin):
    list_display = ["path_name", "lab", "institution", "water_rule"]
    search_fields = ["path_name", "institution"]
    fieldsets = [
        (None, {"fields": [("lab", "path_name"), "institution", "address"]}),
        ("Weight and water", {"fields": [
            ("reference_weight_fraction", "zscore_weight_fraction"),
            ("water_rule", "fixed_water_ml"),
            ("least_weight_g", "most_weight_g", "weight_change_fraction"),
            ("protocol_rule", "welfare_check_hour"),
        ]}),
        ("Cages", {"fields": [
            ("cage_type", "enrichment", "food"), ("cage_cleaning_frequency_days", "light_cycle"),
        ]}),
        ("Files", {"fields": ["repositories"]}),
        ("Free data", {"fields": ["json"]}),
    ]  # fmt: skip


@admin.register(ProjectProfile)
class ProjectProfileAdmin(RecordAdmin):
    list_display = ["path_name", "project", "default_repository"]
    search_fields = ["path_name", "project__name"]
    fields = ["project", "path_name", "default_repository", "json"]


@admin.register(PersonProfile)
class PersonProfileAdmin(RecordAdmin):
    """Who may act on somebody's animals: each says so of their own."""

    readonly_fields = ["user", "is_public"]

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:  # noqa: ARG002
        return False  # it is made with the account

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own = isinstance(obj, PersonProfile) and obj.user_id == request.user.pk
        return own or super().has_change_permission(request, obj)

    list_display = ["user", "is_public"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    fields = ["user", "is_public", "delegates", "json"]


@admin.register(Affiliation)
class AffiliationAdmin(RecordAdmin):
    list_display = ["user", "lab", "role", "began_on", "ended_on"]
    list_filter = [("lab", SeenFilter)]
    search_fields = ["user__username", "role"]
    fields = [("user", "lab"), "role", ("began_on", "ended_on"), "json"]


def register_the_rest() -> None:
    """Give every kind of record that has no page of its own a plain one."""
    for kind in apps.get_app_config("lab").get_models():
        if issubclass(kind, Recorded) and not admin.site.is_registered(kind):
            admin.site.register(kind, NamedAdmin if issubclass(kind, Named) else RecordAdmin)
