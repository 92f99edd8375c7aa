"""Keys to the house: tokens, one-time links, recovery codes and who is signed in where."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.timezone import now

# What browsers say of themselves, the particular before what it pretends to be.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",  # codespell:ignore
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def working(self) -> Self:
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=now())
        return self.filter(alive, revoked_at=None)


class ApiToken(models.Model):
    """A key for programs; only its hash is kept, so it can be shown once."""

    class Scope(models.TextChoices):
        READ = "read", "Read only"
        WRITE = "write", "Read and write"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scope = models.CharField(max_length=5, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_address = models.GenericIPAddressField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now() else "working"


class OneTimeLinkQuerySet(models.QuerySet["OneTimeLink"]):
    def usable(self) -> Self:
        return self.filter(used_at=None, expires_at__gt=now(), user__is_active=True)


class OneTimeLink(models.Model):
    """A link that lets somebody choose a password, once and for a while."""

    class Purpose(models.TextChoices):
        WELCOME = "welcome", "choose the first password"
        RESET = "reset", "choose a new password"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="one_time_links"
    )
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = OneTimeLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.user}"


class RecoveryCode(models.Model):
    """Stands in for a lost authenticator, once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_unique")
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user}"


class SignIn(models.Model):
    """A session that somebody began; ended ones are deleted with their session."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins"
    )
    session_key = models.CharField(max_length=40, unique=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    device = models.CharField(max_length=200, blank=True, default="")
    began_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user} on {self.device_in_words}"

    @property
    def device_in_words(self) -> str:
        """Return "Firefox on Linux" for what a browser says of itself at length."""
        browser = _first(BROWSERS, self.device) or self.device.partition("/")[0]
        system = _first(SYSTEMS, self.device)
        return " on ".join(part for part in (browser, system) if part) or "an unknown device"


def _first(names: dict[str, str], text: str) -> str:
    return next((name for mark, name in names.items() if mark in text), "")
