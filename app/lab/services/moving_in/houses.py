"""People, labs and projects of a dump: accounts here, with the ids that they had."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from accounts.models import Lab, Membership, Project, ProjectMember, User
from accounts.roles import Role
from lab.alyx import values
from lab.alyx.dump import Dump, Row
from lab.errors import DumpDoesNotFit
from lab.models import (
    Affiliation,
    CageType,
    Enrichment,
    Food,
    LabProfile,
    PersonProfile,
    ProjectProfile,
    Repository,
)
from lab.services.moving_in import faults
from lab.times import instant_of

KINDS = {"misc.labmember", "misc.lab", "misc.labmembership", "subjects.project"}
CHOSEN: dict[str, Any] = {"cage_type": CageType, "enrichment": Enrichment, "food": Food}


@dataclass
class Found:
    """Who and what the ids of the dump stand for here."""

    people: dict[str, User] = field(default_factory=dict)
    labs: dict[str, Lab] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    entries: dict[str, Any] = field(default_factory=dict)  # of short lists, here by the same name

    def key_of(self, key: Any) -> Any:
        """Return the key here of an entry of a short list, or of anything else as it is."""
        return self.entries.get(str(key), key)

    def fallback(self) -> Lab | None:
        return next(iter(self.labs.values()), None)


def bring_in(dump: Dump, report: Any) -> Found:
    found = Found()
    for row in dump.of("misc.labmember"):
        with faults.named(row), transaction.atomic():
            found.people[row.key] = _person(row, report)
    for row in dump.of("misc.lab"):
        with faults.named(row), transaction.atomic():
            found.labs[row.key] = _lab(row, report)
    for row in dump.of("misc.labmembership"):
        with faults.named(row), transaction.atomic():
            _affiliation(row, found, report)
    _members(dump, found)
    counts = _labs_of_projects(dump)
    for row in dump.of("subjects.project"):
        with faults.named(row), transaction.atomic():
            found.projects[row.key] = _project(row, counts[row.key], found, report)
    return found


def _count(report: Any, kind: str, *, is_new: bool) -> None:
    counts = report.made if is_new else report.there
    counts[kind] = counts.get(kind, 0) + 1


def _person(row: Row, report: Any) -> User:
    """Return the account of that id or name, made when there is none; its password hash is kept.

    Everybody is staff in Alyx; here only who looks after the site is.
    """
    profile = PersonProfile.objects.filter(pk=row.key).select_related("user").first()
    known = profile.user if profile else User.objects.named(row.fields["username"]).first()
    _count(report, row.kind, is_new=profile is None)
    user = known or User(**_account(row, report))
    if known is None:
        user.save()
    if profile is None:
        PersonProfile._base_manager.filter(user=user).update(  # noqa: SLF001  it came with the account
            id=UUID(row.key), is_public=row.fields["is_public_user"]
        )
    return user


def _account(row: Row, report: Any) -> dict[str, Any]:
    kept = ("username", "password", "first_name", "last_name", "is_superuser", "is_active")
    facts = {name: row.fields[name] for name in kept}
    email = str(row.fields.get("email") or "").lower()
    if email and User.objects.filter(email=email).exists():
        report.notes.append(f"{row}: {email} belongs to somebody else already; it was left out.")
        email = ""
    joined = values.instant(row.fields.get("date_joined"))
    last = values.instant(row.fields.get("last_login"))
    return facts | {
        "email": email,
        "is_staff": row.fields["is_superuser"],
        "last_login": last and instant_of(last, None),
        **({"date_joined": instant_of(joined, None)} if joined else {}),
    }


def _lab(row: Row, report: Any) -> Lab:
    profile = LabProfile.objects.filter(pk=row.key).select_related("lab").first()
    profile = profile or LabProfile.objects.filter(path_name=row.fields["name"]).first()
    _count(report, row.kind, is_new=profile is None or str(profile.pk) != row.key)
    if profile is None:
        name = row.fields["name"]
        lab = Lab.objects.create(
            name=name, slug=_free_slug(name), time_zone=row.fields["timezone"] or "UTC"
        )
        LabProfile._base_manager.filter(lab=lab).update(path_name=name)  # noqa: SLF001  as above
        profile = LabProfile.objects.get(lab=lab)
    if str(profile.pk) != row.key:
        LabProfile._base_manager.filter(pk=profile.pk).update(id=UUID(row.key))  # noqa: SLF001
    return profile.lab


def _free_slug(name: str) -> str:
    slug = slugify(name)[:45] or "lab"
    taken = set(Lab.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in [slug, *numbered] if each not in taken)


def _affiliation(row: Row, found: Found, report: Any) -> None:
    is_new = not Affiliation.objects.filter(pk=row.key).exists()
    _count(report, row.kind, is_new=is_new)
    if is_new:
        Affiliation.objects.create(
            pk=UUID(row.key),
            json=row.fields.get("json"),
            user=found.people[row.fields["user"]],
            lab=found.labs[row.fields["lab"]],
            role=values.text(row.fields.get("role")),
            began_on=values.day(row.fields.get("start_date")),
            ended_on=values.day(row.fields.get("end_date")),
        )


def _members(dump: Dump, found: Found) -> None:
    """Give everybody who belongs to a lab now, or answers for animals there, a role in it."""
    people = {row.key: row for row in dump.of("misc.labmember")}
    wanted = {
        (row.fields["user"], row.fields["lab"])
        for row in dump.of("misc.labmembership")
        if not row.fields.get("end_date")
    }
    wanted |= {
        (row.fields["responsible_user"], row.fields["lab"])
        for row in dump.of("subjects.subject")
        if row.fields.get("responsible_user") and row.fields.get("lab")
    }
    for person, lab in sorted(wanted):
        if person not in people or lab not in found.labs:
            continue  # the record that speaks of them says so when its turn comes
        if people[person].fields["is_active"]:
            role = _role(people[person])
            Membership.objects.get_or_create(
                user=found.people[person], lab=found.labs[lab], defaults={"role": role}
            )


def _role(row: Row) -> Role:
    if row.fields["is_superuser"]:
        return Role.ADMIN
    if row.fields["is_stock_manager"]:
        return Role.COLONY_MANAGER
    return Role.VIEWER if row.fields["is_public_user"] else Role.EXPERIMENTER


def _project(row: Row, labs: Counter[str], found: Found, report: Any) -> Project:
    profile = ProjectProfile.objects.filter(pk=row.key).select_related("project").first()
    _count(report, row.kind, is_new=profile is None)
    if profile:
        return profile.project
    lab: Any = found.labs[labs.most_common(1)[0][0]] if labs else found.fallback()
    if lab is None:
        raise DumpDoesNotFit(f"{row}: there is no lab that it could belong to.")
    name = row.fields["name"]
    project = Project.objects.create(
        lab=lab, name=name[:100], description=row.fields.get("description") or ""
    )
    ProjectProfile._base_manager.filter(project=project).update(  # noqa: SLF001  as above
        id=UUID(row.key), path_name=name, json=row.fields.get("json")
    )
    members = [found.people[key] for key in row.fields.get("users", [])]
    ProjectMember.objects.bulk_create(ProjectMember(project=project, user=each) for each in members)
    return project


def _labs_of_projects(dump: Dump) -> dict[str, Counter[str]]:
    """Return for each project how many of its animals and sessions belong to which lab."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for kind in ("subjects.subject", "actions.session"):
        for row in dump.of(kind):
            for project in row.fields.get("projects", []):
                if row.fields.get("lab"):
                    counts[project][row.fields["lab"]] += 1
    return counts


def furnish(dump: Dump, found: Found) -> None:
    """Give labs their rules and repositories, and people those who act for them."""
    for row in dump.of("misc.lab"):
        profile = LabProfile.objects.get(pk=row.key)
        for name, value in _rules(row, found).items():
            setattr(profile, name, value)
        with faults.named(row), transaction.atomic():
            profile.save()
        keys = [found.key_of(key) for key in row.fields.get("repositories", [])]
        profile.repositories.add(*Repository.objects.filter(pk__in=keys))
    _place_projects(dump, found)
    for row in dump.of("misc.labmember"):
        with faults.named(row):
            delegates = [found.people[key] for key in row.fields.get("allowed_users", [])]
        PersonProfile.objects.get(pk=row.key).delegates.add(*delegates)


def _place_projects(dump: Dump, found: Found) -> None:
    """Say where the files of projects go; the fork knows it."""
    for row in dump.of("subjects.project"):
        place = row.fields.get("default_data_repository")
        profile = ProjectProfile.objects.get(pk=row.key)
        if place and profile.default_repository_id is None:
            with faults.named(row), transaction.atomic():
                profile.default_repository = Repository.objects.get(pk=found.key_of(place))
                profile.save()


def _rules(row: Row, found: Found) -> dict[str, Any]:
    return {
        "json": row.fields.get("json"),
        "institution": row.fields.get("institution") or "",
        "address": row.fields.get("address") or "",
        "reference_weight_fraction": row.fields.get("reference_weight_pct") or 0.0,
        "zscore_weight_fraction": row.fields.get("zscore_weight_pct") or 0.0,
        "cage_cleaning_frequency_days": row.fields.get("cage_cleaning_frequency_days"),
        "light_cycle": row.fields.get("light_cycle"),
        **{
            name: model._default_manager.filter(pk=found.key_of(row.fields.get(name))).first()  # noqa: SLF001
            for name, model in CHOSEN.items()
        },
    }
