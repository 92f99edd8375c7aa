"""Addresses of what is made of designs and analyses: reports, and tasks that can be run."""

from django.urls import URLPattern, URLResolver, path

from planning.views import made

patterns: list[URLPattern | URLResolver] = [
    path("made/designs/<uuid:design>/", made.design, name="design-made"),
    path("made/designs/<uuid:design>/task.json", made.design_task, name="design-task"),
]
