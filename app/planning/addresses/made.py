"""Addresses of what is made of designs and analyses: reports, and tasks that can be run."""

from django.urls import URLPattern, URLResolver, path

from planning.views import made

patterns: list[URLPattern | URLResolver] = [
    path("made/designs/<uuid:design>/", made.design, name="design-made"),
    path("made/designs/<uuid:design>/task.json", made.design_task, name="design-task"),
    *(
        path(
            f"made/designs/<uuid:design>/report.{form}",
            made.design_report,
            {"form": form},
            name=f"design-report-{form}",
        )
        for form in ("pdf", "html")
    ),
    *(
        path(
            f"made/power/<uuid:analysis>/report.{form}",
            made.power_report,
            {"form": form},
            name=f"power-report-{form}",
        )
        for form in ("pdf", "html")
    ),
]
