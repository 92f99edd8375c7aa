"""The addresses that ONE asks, below the prefix that a setting names."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from lab.one.resources import people, sessions, subjects, weights
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
router.register("weighings", weights.Weighings, "weighings")

described = [*router.urls, path("auth-token", AuthToken.as_view()), path("me", Me.as_view())]

urlpatterns = [
    path("", include(router.urls)),
    path("auth-token", AuthToken.as_view(), name="auth-token"),
    path("me", Me.as_view(), name="me"),
    path("api/schema", Schema.as_view(), name="schema"),
]
