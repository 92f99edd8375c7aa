"""What labs, projects and people need besides their accounts, made with them."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import models, transaction

from accounts.models import Lab, Project, User
from accounts.roles import is_operator
from common.errors import NotAllowed
from lab import recording
from lab.models import LabProfile, PersonProfile, ProjectProfile
from lab.services import records

NOT_IN_PATHS = re.compile(r"[^A-Za-z0-9_]+")


def make_for(*, thing: Lab | Project | User) -> None:
    """Give a new lab, project or person its profile.

    It is part of the account, whose making is on the record already: it has no entry of its own.
    """
    profile: LabProfile | ProjectProfile | PersonProfile
    if isinstance(thing, Lab):
        name = _free(LabProfile, NOT_IN_PATHS.sub("_", thing.slug) or "lab")
        profile = LabProfile(lab=thing, path_name=name)
    elif isinstance(thing, Project):
        name = _free(ProjectProfile, thing.slug, thing.lab.slug)
        profile = ProjectProfile(project=thing, path_name=name)
    else:
        profile = PersonProfile(user=thing)
    profile.save_base(force_insert=True)
    profile.remember()


def _free(model: type[models.Model], wanted: str, context: str = "") -> str:
    """Return the name, with where it belongs or a number when another has it already."""
    taken = set(
        model._default_manager.filter(path_name__startswith=wanted[:40]).values_list(  # noqa: SLF001
            "path_name", flat=True
        )
    )
    wishes = [wanted, *([f"{context}_{wanted}"] if context else [])]
    numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [*wishes, *numbered] if name not in taken)


class NotYourProfile(NotAllowed):
    message = "Only the person themselves says who acts on their animals."
    remedy = "Ask that person."


@transaction.atomic
def change_person(
    *, profile: PersonProfile, by: User, values: Mapping[str, Any], reason: str = ""
) -> PersonProfile:
    """Change who acts on a person's animals, and their free data; nothing that gives them power."""
    if profile.user_id != by.pk and not is_operator(by):
        raise NotYourProfile
    with recording.by(by, reason=reason):
        if "json" in values:
            profile.json = values["json"]
            records.keep(profile)
        if "delegates" in values:
            profile.delegates.set(values["delegates"])
    return profile
