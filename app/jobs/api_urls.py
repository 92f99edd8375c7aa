from django.urls import path

from jobs import api

app_name = "jobs-api"
urlpatterns = [
    path("", api.Jobs.as_view(), name="list"),
    path("<uuid:job_id>/", api.OneJob.as_view(), name="job"),
    path("<uuid:job_id>/cancel/", api.Cancel.as_view(), name="cancel"),
]
