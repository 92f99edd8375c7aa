"""Names that an animal answers to besides its own: no other of its lab may have them."""

from django.db import transaction

from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit, Taken
from lab.models import Subject, SubjectName
from lab.services import records

Kind = SubjectName.Kind


@transaction.atomic
def add_alias(*, subject: Subject, by: User, name: str, reason: str = "") -> SubjectName:
    """Let an animal answer to another name; again is nothing new."""
    permissions.need_change(by, subject)
    held = SubjectName.objects.filter(lab=subject.lab_id, name__iexact=name)
    there = held.select_related("subject").first()
    if there and there.subject_id == subject.pk:
        return there
    if there:
        raise Taken(f"{there.subject} has, had or answers to the name {name}.", field="name")
    alias = SubjectName(subject=subject, lab=subject.lab, name=name, kind=Kind.ALIAS)
    with recording.by(by, reason=reason):
        records.keep(alias)
    return alias


@transaction.atomic
def forget(*, name: SubjectName, by: User, reason: str = "") -> None:
    """Let an animal not answer to a name any more, so that another may have it."""
    permissions.need_change(by, name.subject)
    if name.kind == Kind.PRESENT:
        raise DoesNotFit(
            f"{name} is what the animal is called.", field="name", remedy="Rename it first."
        )
    with recording.by(by, reason=reason):
        name.delete()
