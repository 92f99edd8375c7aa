"""What programs ask for: no slash at the end, as programs write addresses."""

from django.urls import path

from accounts import api

app_name = "accounts-api"
urlpatterns = [
    path("me", api.me, name="me"),
    path("labs/<slug:lab>/people", api.people, name="people"),
    path("projects", api.projects, name="projects"),
]
