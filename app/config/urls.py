"""Every address of the site, by area."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("common.urls")),
    path("", include("ops.urls")),
    path("accounts/", include("accounts.urls")),
    path("jobs/", include("jobs.urls")),
    path("api/v1/jobs/", include("jobs.api_urls")),
    path("admin/", admin.site.urls),
]

handler400 = "common.incidents.unreadable"
handler403 = "common.incidents.not_allowed"
handler404 = "common.incidents.not_there"
handler500 = "common.incidents.broken"
