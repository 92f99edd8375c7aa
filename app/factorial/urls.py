"""Addresses of factorial designs: pages under /designs/, clients under /lightmill/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from factorial.lightmill2025 import urls as lightmill2025
from factorial.views import bringing, client, data, designs, logged, monitor

RUN = "designs/<int:design>/runs/<int:planned>/"
LOGGED = "designs/<int:design>/logs/<uuid:run>/"
ATTEMPT = f"{RUN}attempts/<uuid:run>/"

CLIENT: list[URLPattern | URLResolver] = [
    path("designs/run/begin/", client.begin, name="client-begin"),
    path("designs/run/pointing/", client.pointing, name="pointing"),
    re_path(
        r"^designs/run/(?P<name>studium-runs\.js|studium-runs\.css)$",
        client.file,
        name="client-file",
    ),
    path("designs/run/<str:key>/plan/", client.plan, name="client-plan"),
    path("designs/run/<str:key>/trials/", client.take, name="client-trials"),
    path("designs/run/<str:key>/end/", client.end, name="client-end"),
]

MONITOR: list[URLPattern | URLResolver] = [
    path("designs/<int:design>/monitor/", monitor.runs, name="monitor"),
    path("designs/<int:design>/monitor/state/", monitor.state, name="monitor-state"),
    path(RUN, monitor.run, name="run"),
    path(f"{RUN}hand-over/", monitor.hand_over, name="run-hand-over"),
    *(path(f"{RUN}{do}/", monitor.act, {"do": do}, name=f"run-{do}") for do in monitor.ACTS),
    path(f"{RUN}marks/<int:mark>/undo/", monitor.undo, name="mark-undo"),
    path(ATTEMPT, monitor.attempt, name="attempt"),
    path(f"{ATTEMPT}mark/", monitor.mark, name="attempt-mark"),
    path(LOGGED, logged.run, name="log-run"),
    path(f"{LOGGED}mark/", logged.mark, name="log-run-mark"),
    path(f"{LOGGED}marks/<int:mark>/undo/", logged.undo, name="log-mark-undo"),
    path(f"{ATTEMPT}<int:block>/<int:trial>/", monitor.trial, name="trial"),
]

app_name = "factorial"
PAGES: list[URLPattern | URLResolver] = [
    path("designs/", designs.designs, name="designs"),
    path("designs/import/", bringing.bring, name="bring"),
    path("designs/new/", bringing.make, name="make"),
    path("designs/<int:design>/", designs.design, name="design"),
    path("designs/<int:design>/balance/", designs.balance, name="balance"),
    path("designs/<int:design>/design.xml", designs.as_xml, name="design-xml"),
    path("designs/<int:design>/trials.csv", designs.as_table, name="design-table"),
    path("designs/<int:design>/more/", bringing.extend, name="extend"),
    path("designs/<int:design>/data/", data.recorded, name="data"),
    path("designs/<int:design>/data/back-up/", data.back_up, name="data-back-up"),
    path("designs/<int:design>/data/purge/", data.purge, name="data-purge"),
    path("designs/<int:design>/data/clear/", data.clear, name="data-clear"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    *PAGES,
    *lightmill2025.hooks,
    *CLIENT,
    path("lightmill/2020/", include("factorial.lightmill2020.addresses")),
    *MONITOR,
    path("lightmill/", include("factorial.lightmill2025.urls")),  # after all else below /lightmill/
]
