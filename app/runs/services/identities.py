"""Who participants are: kept sealed; who was permitted reads it, and that is written down."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import Project, User
from accounts.roles import Role
from common.errors import NotThere
from runs import vault
from runs.errors import MayNotIdentify
from runs.models import Identity, IdentityAccess, Participant

ADDRESS = "e-mail"


def about(participant: Any) -> str:
    return f"identity {participant}"


def address_about(project: Any) -> str:
    return f"address in {project}"


@transaction.atomic
def know(*, participant: Participant, facts: Mapping[str, Any]) -> None:
    """Add what somebody said of who they are; nothing is kept of who has withdrawn."""
    person = Participant.objects.select_for_update().get(pk=participant.pk)
    if person.withdrawn_at or not facts:
        return
    _write(person, facts_of(person) | {name: value for name, value in facts.items() if value})


def _write(person: Participant, facts: Mapping[str, Any]) -> None:
    address = vault.one_address(str(facts.get(ADDRESS, "")))
    found = vault.fingerprint(address, address_about(person.project_id)) if address else ""
    values = {
        "sealed": vault.seal(facts, about(person.pk)),
        "key": vault.key_name(),
        "address_digest": found,
    }
    Identity.objects.update_or_create(participant=person, defaults=values)


def facts_of(participant: Participant) -> dict[str, Any]:
    """Return what is known, for mail and for who was permitted; nothing else may ask."""
    sealed = Identity.objects.filter(participant=participant).values_list("sealed", flat=True)
    return next((vault.opened(each, about(participant.pk)) for each in sealed), {})


def address_of(participant: Participant) -> str:
    return str(facts_of(participant).get(ADDRESS, ""))


def may_identify(project: Project, by: User) -> bool:
    """Say whether somebody may read who is who: they see the project, and were permitted."""
    sees = Project.objects.visible_to(by).filter(pk=project.pk).exists()
    return sees and IdentityAccess.objects.filter(project=project, user=by.pk).exists()


def need_identify(project: Project, by: User) -> None:
    if not Project.objects.visible_to(by).filter(pk=project.pk).exists():
        raise NotThere
    if not may_identify(project, by):
        raise MayNotIdentify


@transaction.atomic
def reveal(*, participant: Participant, by: User, reason: str) -> dict[str, Any]:
    """Return who somebody is; that it was asked, by whom and why, is written down first.

    Raises
    ------
    NotThere, MayNotIdentify
        ``by`` does not see the project, or was not permitted.
    """
    need_identify(participant.project, by)
    audit.record(action="identity.read", user=by, on=participant, reason=reason)
    return facts_of(participant)


@transaction.atomic
def find(*, project: Project, address: str, by: User, reason: str) -> Participant | None:
    """Return the participant who has an e-mail address, for a wish that came by mail."""
    need_identify(project, by)
    audit.record(action="identity.searched", user=by, on=project, reason=reason)
    digests = vault.fingerprints(vault.one_address(address), address_about(project.pk))
    found = Identity.objects.filter(participant__project=project, address_digest__in=digests)
    row = found.select_related("participant__project").first()
    return row.participant if row else None


def _need_manager(project: Project, by: User) -> None:
    if not Project.objects.with_role(by, Role.MANAGER).filter(pk=project.pk).exists():
        raise NotThere


@transaction.atomic
def permit(*, project: Project, user: User, by: User) -> None:
    """Let somebody who sees the project read its identities.

    Raises
    ------
    NotThere
        ``by`` does not manage the project, or ``user`` does not see it.
    """
    _need_manager(project, by)
    if not Project.objects.visible_to(user).filter(pk=project.pk).exists():
        raise NotThere(f"{user} does not see this project, so nothing of it can be permitted.")
    given = {"given_by": by}
    _, is_new = IdentityAccess.objects.get_or_create(project=project, user=user, defaults=given)
    if is_new:
        audit.record(action="identity.permitted", user=by, on=project,
                     changes={"who": [None, user.username]})  # fmt: skip


@transaction.atomic
def forbid(*, project: Project, user: User, by: User) -> None:
    """Take the permission away again."""
    _need_manager(project, by)
    if IdentityAccess.objects.filter(project=project, user=user).delete()[0]:
        audit.record(action="identity.forbidden", user=by, on=project,
                     changes={"who": [user.username, None]})  # fmt: skip
