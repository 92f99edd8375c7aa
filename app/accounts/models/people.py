"""People who sign in."""

import secrets
from typing import Any, ClassVar, Self, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser, UserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from accounts.models import labs
from accounts.roles import is_operator


def session_stamp() -> str:
    return secrets.token_hex(8)


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Return the people who share a lab with ``user``; operators see everybody."""
        person = cast("User", user)
        if not user.is_active:
            return self.none()
        if is_operator(person):
            return self
        mine = labs.Membership.objects.filter(user=person.pk).values("lab")
        theirs = labs.Membership.objects.filter(lab__in=mine).values("user")
        return self.filter(models.Q(pk=person.pk) | models.Q(pk__in=theirs))


class People(UserManager["User"]):
    """Finds people by their name in any case, so that Alice and alice are one account."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> UserQuerySet:
        return self.get_queryset().visible_to(user)

    def named(self, username: str) -> UserQuerySet:
        return self.get_queryset().filter(username__iexact=User.normalize_username(username))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.named(username or "").get()


class User(AbstractUser):
    """A person who signs in."""

    time_zone = models.CharField(max_length=64, blank=True, default="")
    session_stamp = models.CharField(max_length=16, default=session_stamp, editable=False)

    objects: ClassVar[People] = People()

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_name_unique_in_any_case"),
            models.UniqueConstraint(
                Lower("email"), name="user_email_unique_when_set", condition=~models.Q(email="")
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def can_sign_in(self) -> bool:
        """Say whether the account is open and a password was chosen for it."""
        return self.is_active and bool(self.password) and self.has_usable_password()

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Return the one spelling that is stored: SQLite knows no capitals beyond A to Z."""
        return super().normalize_username(username).lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.username = self.normalize_username(self.username)
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Sessions end with the password, as in Django, and also when the stamp changes."""
        salt = "accounts.models.User.session"
        value = f"{self.password}:{self.session_stamp}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()
