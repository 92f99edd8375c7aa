"""Labs, who belongs to them, and the projects through which everything else is seen."""

import zoneinfo
from typing import Any, Self, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.text import slugify

from accounts.roles import Role, is_operator, up_from

type_of_user = AbstractBaseUser | AnonymousUser


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is no time zone. Write one such as Europe/Berlin.")


def hides_its_page(slug: str) -> bool:
    """Say whether a lab of this short name has no page: none leads there, or another's does."""
    try:
        return resolve(reverse("accounts:lab", args=[slug])).view_name != "accounts:lab"
    except NoReverseMatch:
        return True


class LabQuerySet(models.QuerySet["Lab"]):
    def visible_to(self, user: type_of_user) -> Self:
        return self.with_role(user, Role.VIEWER)

    def editable_by(self, user: type_of_user) -> Self:
        return self.with_role(user, Role.ADMIN)

    def with_role(self, user: type_of_user, role: Role) -> Self:
        """Return the labs in which ``user`` has at least ``role``; operators have it everywhere."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        mine = Membership.objects.filter(user=user.pk, role__in=up_from(role))
        return self.filter(pk__in=mine.values("lab"))


class Lab(models.Model):
    """A group that shares people, projects and a time zone."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=50, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    created_at = models.DateTimeField(auto_now_add=True)
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="labs"
    )

    objects = LabQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return reverse("accounts:lab", args=[self.slug])


class Membership(models.Model):
    """A person's one role in a lab."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(fields=["user", "lab"], name="membership_unique_in_lab"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.lab}"

    @property
    def url(self) -> str:
        return reverse("accounts:person", args=[self.lab.slug, self.user.username])


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: type_of_user) -> Self:
        return self.with_role(user, Role.VIEWER)

    def editable_by(self, user: type_of_user) -> Self:
        """Return the projects whose work ``user`` may change, archived ones left out."""
        return self.with_role(user, Role.EXPERIMENTER).filter(archived_at=None)

    def with_role(self, user: type_of_user, role: Role) -> Self:
        """Return the projects that ``user`` sees and in whose lab they have at least ``role``."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        mine = Membership.objects.filter(user=user.pk, role__in=up_from(role))
        leading = mine.filter(role__in=up_from(Role.MANAGER))
        joined = ProjectMember.objects.filter(user=user.pk)
        open_to_me = (
            models.Q(visibility=Project.Visibility.LAB)
            | models.Q(lab__in=leading.values("lab"))
            | models.Q(pk__in=joined.values("project"))
        )
        return self.filter(open_to_me, lab__in=mine.values("lab"))

    def current(self) -> Self:
        return self.filter(archived_at=None)


class Project(models.Model):
    """A piece of a lab's work: every other area's objects belong to one and are seen through it."""

    class Visibility(models.TextChoices):
        LAB = "lab", "Everybody in the lab"
        MEMBERS = "members", "Its members, and the lab's managers and admins"

    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60)
    description = models.TextField(blank=True, default="")
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.LAB)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="ProjectMember", related_name="projects", blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["lab__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["lab", "slug"], name="project_slug_unique_in_lab"),
            models.UniqueConstraint(fields=["lab", "name"], name="project_name_unique_in_lab"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.slug or slugify(self.name)[:60] or "project"
        super().save(*args, **kwargs)

    @property
    def url(self) -> str:
        return reverse("accounts:project", args=[self.lab.slug, self.slug])


class ProjectMember(models.Model):
    """Somebody of the lab who belongs to a project; what they may do is their role in the lab."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="project_memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="member_unique_in_project")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}"
