"""The addresses that ONE asks, below the prefix that a setting names."""

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from lab.one.files import Download
from lab.one.registration import CheckProtected, RegisterFile
from lab.one.resources import (
    data,
    downloads,
    imaging,
    insertions,
    notes,
    notices,
    people,
    procedures,
    regions,
    sessions,
    subjects,
    surgeries,
    tasks,
    trajectories,
    transfers,
    water,
)
from lab.one.schema import Schema
from lab.one.session_start import AuthToken, Me
from lab.one.tables import CacheInfo, CacheZip

app_name = "one"

router = SimpleRouter(trailing_slash=False)
router.register("users", people.Users, "users")
router.register("labs", people.Labs, "labs")
router.register("projects", people.Projects, "projects")
router.register("locations", people.Locations, "locations")
router.register("subjects", subjects.Subjects, "subjects")
router.register("sessions", sessions.Sessions, "sessions")
router.register("weighings", water.Weighings, "weighings")
router.register("water-administrations", water.WaterAdministrations, "water-administrations")
router.register("water-restriction", water.WaterRestrictions, "water-restriction")
router.register("water-type", water.WaterTypes, "water-type")

router.register("dataset-types", data.DatasetTypes, "dataset-types")
router.register("data-formats", data.DataFormats, "data-formats")
router.register("data-repository-type", data.RepositoryTypes, "data-repository-type")
router.register("data-repository", data.Repositories, "data-repository")
router.register("revisions", data.Revisions, "revisions")
router.register("tags", data.Tags, "tags")
router.register("datasets", data.Datasets, "datasets")
router.register("files", data.Files, "files")

router.register("insertions", insertions.Insertions, "insertions")
router.register("chronic-insertions", insertions.ChronicInsertions, "chronic-insertions")
router.register("trajectories", trajectories.Trajectories, "trajectories")
router.register("channels", trajectories.Channels, "channels")
router.register("fields-of-view", imaging.FieldsOfView, "fields-of-view")
router.register("fov-location", imaging.Locations, "fov-location")
router.register("imaging-stack", imaging.ImagingStacks, "imaging-stack")
router.register("brain-regions", regions.BrainRegions, "brain-regions")
router.register("notes", notes.Notes, "notes")
router.register("procedures", procedures.Procedures, "procedures")
router.register("surgeries", surgeries.Surgeries, "surgeries")
router.register("tasks", tasks.Tasks, "tasks")
router.register("downloads", downloads.Downloads, "downloads")
router.register("data-notices", notices.DataNotices, "data-notices")

alone = [
    path("data/<path:path>", Download.as_view(), name="download"),
    path("register-file", RegisterFile.as_view(), name="register-file"),
    path("check-protected", CheckProtected.as_view(), name="check-protected"),
    path(
        "water-restricted-subjects",
        water.RestrictedSubjects.as_view({"get": "list"}),
        name="water-restricted-subjects-list",
    ),
    path("new-download", downloads.NewDownload.as_view(), name="new-download"),
    path("sync-file-status", transfers.SyncFileStatus.as_view(), name="sync-file-status"),
    path("uploaded/<path:path>", notes.Uploaded.as_view(), name="uploaded"),
    path("auth-token", AuthToken.as_view(), name="auth-token"),
    path("me", Me.as_view(), name="me"),
    path("water-requirement/<str:nickname>", water.Requirement.as_view(), name="requirement"),
]
described = [*router.urls, *alone]

tables = [  # ONE asks for them by address, not by the description
    re_path(r"^cache/info(?:/(?P<tag>[^/]+))?/?$", CacheInfo.as_view(), name="cache-info"),
    path("cache.zip", CacheZip.as_view(), name="cache"),
    path("cache/<str:tag>.zip", CacheZip.as_view(), name="cache-of-tag"),
]

urlpatterns = [
    path("", include(router.urls)),
    *alone,
    *tables,
    path("api/schema", Schema.as_view(), name="schema"),
]
