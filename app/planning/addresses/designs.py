"""Addresses of plans of tasks and their designs, below /planning/designs/."""

from django.urls import URLPattern, URLResolver, path

from planning.views import design_files, design_lab, designs, task_designs

patterns: list[URLPattern | URLResolver] = [
    path("designs/score/", design_files.score, name="design-score"),
    path("designs/new/", designs.make, name="plan-make"),
    path("designs/new/text/", designs.make_text, name="plan-make-text"),
    path("designs/facts/", designs.facts, name="plan-facts"),
    path("designs/<uuid:plan>/", designs.plan, name="plan"),
    path("designs/<uuid:plan>/change/", designs.edit, name="plan-edit"),
    path("designs/<uuid:plan>/text/", designs.edit_text, name="plan-text"),
    path("designs/<uuid:plan>/copy/", designs.copy, name="plan-copy"),
    path("designs/<uuid:plan>/archive/", designs.archive, name="plan-archive"),
    path(
        "designs/<uuid:plan>/specification.toml", designs.specification, name="plan-specification"
    ),
    path("designs/<uuid:plan>/lab/", design_lab.lab, name="design-lab"),
    path("designs/<uuid:plan>/lab/keep/", design_lab.keep, name="design-keep"),
    path("designs/<uuid:plan>/lab/take/", design_lab.take, name="design-take"),
    path("designs/made/<uuid:design>/", task_designs.design, name="task-design"),
    path("designs/made/<uuid:design>/design.zip", task_designs.archive, name="task-design-zip"),
    path(
        "designs/made/<uuid:design>/files/<path:path>", task_designs.file, name="task-design-file"
    ),
    path("designs/made/<uuid:design>/rename/", task_designs.rename, name="task-design-rename"),
    path("designs/made/<uuid:design>/delete/", task_designs.delete, name="task-design-delete"),
]
