"""The addresses that ONE asks, below the prefix that a setting names."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from lab.one.resources import people, sessions, subjects, water
from lab.one.schema import Schema
from lab.one.session_start import AuthToken, Me

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

alone = [
    path(
        "water-restricted-subjects",
        water.RestrictedSubjects.as_view({"get": "list"}),
        name="water-restricted-subjects-list",
    ),
    path("auth-token", AuthToken.as_view(), name="auth-token"),
    path("me", Me.as_view(), name="me"),
    path("water-requirement/<str:nickname>", water.Requirement.as_view(), name="requirement"),
]
described = [*router.urls, *alone]

urlpatterns = [
    path("", include(router.urls)),
    *alone,
    path("api/schema", Schema.as_view(), name="schema"),
]
