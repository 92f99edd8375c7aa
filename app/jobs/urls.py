from django.urls import path

from jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="list"),
    path("jobs.csv", views.as_csv, name="csv"),
    path("self-test/", views.self_test, name="self-test"),
    path("<uuid:job_id>/", views.job, name="job"),
    path("<uuid:job_id>/card/", views.card, name="card"),
    path("<uuid:job_id>/log/", views.log, name="log"),
    path("<uuid:job_id>/cancel/", views.cancel, name="cancel"),
    path("<uuid:job_id>/retry/", views.retry, name="retry"),
]
