"""The choice of a project in the forms of all areas."""

from typing import Any

from django import forms

from accounts.models import Project


def offer_projects(form: forms.Form, person: Any) -> None:
    """Offer the projects in which somebody may work in `project`; the only one is chosen."""
    rows = Project.objects.editable_by(person).select_related("lab").order_by("lab__name", "name")
    field = form.fields["project"]
    field.queryset = rows  # type: ignore[attr-defined]
    field.label_from_instance = _named  # type: ignore[attr-defined]
    if not form.is_bound and not form.initial.get("project"):
        few = list(rows[:2])
        form.initial["project"] = few[0].pk if len(few) == 1 else None


def _named(project: Project) -> str:
    return f"{project.name}, {project.lab.name}"
