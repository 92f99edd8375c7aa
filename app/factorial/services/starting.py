"""A site that has nothing yet: where the design goes that it is started with."""

from django.db import transaction

from accounts import audit
from accounts.models import Lab, Project

LAB, PROJECT = "Lab", "Experiments"


@transaction.atomic
def first_project() -> Project:
    """Make a lab and a project in it; operators see both, and let people in."""
    lab = Lab.objects.create(name=LAB, slug=LAB.lower())
    project = Project.objects.create(lab=lab, name=PROJECT, slug=PROJECT.lower())
    audit.record(action="project.created", on=project, reason="the site was started with a design")
    return project
