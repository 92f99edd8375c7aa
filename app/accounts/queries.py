"""Reads that span tables: who may do what, who is in a lab, what was done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.keys import digest, file_key, prefix_of
from accounts.models import (
    ApiToken,
    AuditEntry,
    Lab,
    Membership,
    OneTimeLink,
    Project,
    ProjectMember,
    User,
)
from accounts.roles import Role, at_least, grantable, is_operator, up_from
from common.search import LIMIT, Hit

Anybody = User | AnonymousUser


@dataclass(frozen=True)
class Standing:
    """What one person may do in one lab."""

    lab: Lab
    role: str | None

    @property
    def leads(self) -> bool:
        return at_least(self.role, Role.MANAGER)

    @property
    def administers(self) -> bool:
        return at_least(self.role, Role.ADMIN)

    @property
    def starts_projects(self) -> bool:
        return at_least(self.role, Role.EXPERIMENTER)

    @property
    def grantable(self) -> list[str]:
        return grantable(self.role)


def role_of(user: Anybody, lab: Lab) -> str | None:
    """Return the role of ``user`` in ``lab``: operators count as admins, strangers as nothing."""
    if not user.is_active or not isinstance(user, User):
        return None
    if is_operator(user):
        return Role.ADMIN
    return Membership.objects.filter(user=user, lab=lab).values_list("role", flat=True).first()


def enters_administration(user: Anybody, roles: Iterable[str] | None = None) -> bool:
    """Say who may open /admin/: operators, and whoever records something in a lab.

    What is shown and can be changed there each page decides for itself; accounts are for operators.
    Somebody who was made a superuser and is no operator any more stays out. Whoever knows the
    person's ``roles`` already saves the question.
    """
    if not user.is_active or not isinstance(user, User):
        return False
    if is_operator(user):
        return True
    if user.is_superuser:
        return False
    recording = up_from(Role.TECHNICIAN)
    if roles is not None:
        return any(role in recording for role in roles)
    return Membership.objects.filter(user=user, role__in=recording).exists()


def standing(user: Anybody, lab: Lab) -> Standing:
    return Standing(lab, role_of(user, lab))


def account_named(username: str) -> str:
    """Return the name of the account that this spelling finds, or a name that nobody has."""
    found = User.objects.named(username).values_list("username", flat=True).first()
    return found or User.normalize_username(username)


def home_of(user: User) -> Lab | None:
    """Return the lab that ``user`` joined first."""
    first = Membership.objects.filter(user=user).select_related("lab").order_by("joined_at").first()
    return first.lab if first else None


def people_of(lab: Lab) -> QuerySet[Membership]:
    """Return the lab's memberships with their people and whether each has a second factor."""
    factor = TOTPDevice.objects.filter(user=OuterRef("user"), confirmed=True)
    return (
        Membership.objects.filter(lab=lab)
        .select_related("user", "lab")
        .annotate(has_second_factor=Exists(factor))
        .order_by("-user__is_active", "user__username")
    )


def people_asked_for(lab: Lab, query: Mapping[str, str]) -> QuerySet[Membership]:
    """Return the people of ``lab`` that an address asks for: everybody, or those of a role."""
    role = query.get("role", "")
    return people_of(lab).filter(role=role) if role in Role.values else people_of(lab)


def ran_out(user: Anybody) -> QuerySet[Membership]:
    """Return those invited to the labs that ``user`` leads who have no link any more to come by."""
    led = Lab.objects.with_role(user, Role.MANAGER)
    link = OneTimeLink.objects.usable().filter(user=OuterRef("user"))
    invited = Membership.objects.filter(lab__in=led, user__is_active=True)
    never_came = invited.filter(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return never_came.exclude(Exists(link)).select_related("user", "lab").order_by("pk")


def labs_of(user: Anybody) -> QuerySet[Lab]:
    """Return the labs that ``user`` sees, each with its number of people and current projects."""
    current = Q(projects__archived_at=None)
    counted = Lab.objects.visible_to(user).annotate(
        people_count=Count("memberships", distinct=True),
        project_count=Count("projects", filter=current, distinct=True),
    )
    return counted.order_by("name")  # counting drops the order of the model


def to_switch_to(user: Anybody) -> QuerySet[Project]:
    return Project.objects.visible_to(user).current().select_related("lab")


def projects_of(user: Anybody, *, archived: bool = False) -> QuerySet[Project]:
    visible = Project.objects.visible_to(user).filter(archived_at__isnull=not archived)
    return visible.select_related("lab").annotate(member_count=Count("members", distinct=True))


def projects_asked_for(user: Anybody, query: Mapping[str, str]) -> QuerySet[Project]:
    """Return the projects that ``user`` sees and an address asks for: its lab, its state."""
    found = projects_of(user, archived=query.get("state") == "archived")
    lab = query.get("lab", "").replace("\0", "")
    return found.filter(lab__slug=lab) if lab else found


def may_edit_project(user: Anybody, project: Project) -> bool:
    """Say whether ``user`` may change the project itself: leads its lab, or works in it."""
    return Project.objects.with_role(user, Role.EXPERIMENTER).filter(pk=project.pk).exists()


def roles_in(lab: Lab) -> list[tuple[str, int]]:
    """Return each role that somebody in ``lab`` has, most powerful first, and how many have it."""
    counts = dict(lab.memberships.order_by().values_list("role").annotate(Count("pk")))
    return [(role.value, counts[role]) for role in reversed(Role) if role in counts]


def person_page(viewer: User, membership: Membership) -> dict[str, Any]:
    """Return what the page of somebody in a lab shows to ``viewer``."""
    person, lab = membership.user, membership.lab
    leads = at_least(role_of(viewer, lab), Role.MANAGER)
    seen = Project.objects.visible_to(viewer).filter(lab=lab, members=person)
    return {
        "lab": lab,
        "membership": membership,
        "person": person,
        "projects": seen,
        "is_me": viewer.pk == person.pk,
        "may_lead": leads and membership.role in grantable(role_of(viewer, lab)),
        "is_operator": is_operator(viewer),
        "entries": list(AuditEntry.objects.on(person).filter(lab=lab)[:10]) if leads else [],
    }


def project_page(viewer: User, project: Project) -> dict[str, Any]:
    """Return what the page of a project shows to ``viewer``."""
    role = role_of(viewer, project.lab)
    return {
        "project": project,
        "lab": project.lab,
        "members": members_of(project),
        "may_edit": at_least(role, Role.EXPERIMENTER),
        "may_archive": at_least(role, Role.MANAGER),
        "entries": AuditEntry.objects.filter(project=project).select_related("user")[:20],
    }


def members_of(project: Project) -> QuerySet[ProjectMember]:
    return project.memberships.select_related("user").order_by("user__username")


def other_admins(membership: Membership) -> bool:
    """Say whether the lab would still have an admin who can sign in without this one."""
    admins = Membership.objects.filter(lab=membership.lab_id, role__in=up_from(Role.ADMIN))
    return bool(admins.filter(user__is_active=True).exclude(pk=membership.pk).exists())


def has_second_factor(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def security_of(user: User) -> dict[str, Any]:
    """Return what the security page shows: the second factor, codes left, sessions, history."""
    device = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    return {
        "device": device,
        "codes_left": user.recovery_codes.filter(used_at=None).count() if device else 0,
        "sign_ins": list(user.sign_ins.all()),
        "entries": list(AuditEntry.objects.on(user).select_related("user")[:10]),
    }


def memberships_of(user: Anybody) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user.pk).select_related("lab").order_by("lab__name")


def token_of(secret: str) -> ApiToken | None:
    """Return the working token that ``secret`` belongs to, with its person."""
    found = ApiToken.objects.working().select_related("user")
    return found.filter(
        prefix=prefix_of(secret), digest=digest(secret), user__is_active=True
    ).first()


def token_of_file_key(key: str) -> ApiToken | None:
    """Return the working token that a key to files was made of, with its person."""
    prefix = prefix_of(key)
    found = ApiToken.objects.working().select_related("user")
    token = found.filter(prefix=prefix, user__is_active=True).first()
    is_right = token and constant_time_compare(file_key(prefix, token.digest), key)
    return token if is_right else None


def link_of(secret: str) -> OneTimeLink | None:
    found = OneTimeLink.objects.usable().select_related("user")
    return found.filter(digest=digest(secret)).first()


def locked_until(username: str, address: str | None) -> datetime | None:
    """Return when ``username`` may try again from ``address``: None when it may now.

    An attempt counts for the cool-off time; the lock ends when too few of them are left.
    """
    recent = AccessAttempt.objects.filter(
        username=username, ip_address=address, attempt_time__gt=timezone.now() - cool_off()
    )
    left = list(recent.order_by("attempt_time").values_list("attempt_time", "failures_since_start"))
    total, until = sum(count for _, count in left), None
    for at, count in left:
        if total < settings.AXES_FAILURE_LIMIT:
            break
        until, total = at + cool_off(), total - count
    return until


def cool_off() -> timedelta:
    duration: timedelta = settings.AXES_COOLOFF_TIME
    return duration


def found_projects(user: Anybody, text: str) -> list[Hit]:
    """Return the projects whose name or description has ``text``."""
    wanted = Q(name__icontains=text) | Q(description__icontains=text)
    found = Project.objects.visible_to(user).select_related("lab").filter(wanted)
    return [Hit(each.name, each.url, each.lab.name, "folder") for each in found[:LIMIT]]


def found_people(user: Anybody, text: str) -> list[Hit]:
    """Return the memberships of people whose name or address has ``text``."""
    wanted = (
        Q(user__username__icontains=text)
        | Q(user__first_name__icontains=text)
        | Q(user__last_name__icontains=text)
        | Q(user__email__icontains=text)
    )
    labs = Lab.objects.visible_to(user)
    found = Membership.objects.filter(wanted, lab__in=labs).select_related("user", "lab")
    return [
        Hit(str(each.user), each.url, f"{each.role}, {each.lab}", "person")
        for each in found[:LIMIT]
    ]


@dataclass(frozen=True)
class HistoryFilter:
    """What part of the audit trail is asked for."""

    lab: str = ""
    person: str = ""
    action: str = ""
    kind: str = ""
    days: int | None = None
    text: str = ""


def history(user: Anybody, asked: HistoryFilter, *, now: datetime) -> QuerySet[AuditEntry]:
    """Return the entries that ``user`` may read and asked for, newest first."""
    entries = AuditEntry.objects.visible_to(user).select_related("user", "token", "lab", "project")
    exact = {
        "lab__slug": asked.lab,
        "user__username": asked.person,
        "action": asked.action,
        "object_type": asked.kind,
    }
    entries = entries.filter(**{name: value for name, value in exact.items() if value})
    if asked.days:
        entries = entries.filter(at__gte=now - timedelta(days=asked.days))
    if asked.text:
        entries = entries.filter(
            Q(object_label__icontains=asked.text)
            | Q(reason__icontains=asked.text)
            | Q(request_id=asked.text)
        )
    return entries


def reads_history(user: Anybody) -> bool:
    """Say whether there is a lab whose history ``user`` may read."""
    operates = isinstance(user, User) and is_operator(user)
    return operates or Lab.objects.editable_by(user).exists()
