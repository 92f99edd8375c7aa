"""Every address of the site, by area."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.views.sign_in import admin_sign_in
from lab.api.schema import Schema

urlpatterns = [
    path("", include("common.urls")),
    path("", include("ops.urls")),
    path("accounts/", include("accounts.urls")),
    path("jobs/", include("jobs.urls")),
    path("participants/", include("runs.urls")),
    path("", include("experiments.urls")),
    path("", include("factorial.urls")),
    path("planning/", include("planning.urls")),
    path(f"{settings.ONE_PREFIX}/", include("lab.one.urls")),
    path("api/v1/designs/", include("factorial.api_urls")),
    path("api/v1/jobs/", include("jobs.api_urls")),
    path("api/v1/planning/", include("planning.api_urls")),
    path("api/v1/lab/", include("lab.api.scans")),
    path("api/v1/lab/", include("lab.api_urls")),
    path("api/v1/schema", Schema.as_view({"get": "read"}), name="api-schema"),
    path("api/v1/", include("accounts.api_urls")),
    path("admin/login/", admin_sign_in),  # its own would know no second step
    path("admin/", admin.site.urls),
]

handler400 = "common.incidents.unreadable"
handler403 = "common.incidents.not_allowed"
handler404 = "common.incidents.not_there"
handler500 = "common.incidents.broken"
