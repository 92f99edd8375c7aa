"""Notes and pictures that people attach to any record; news that the records send."""

from typing import Any, ClassVar, Self, cast

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.timezone import now

from accounts.models import Lab
from accounts.roles import is_operator
from lab.models.recorded import Recorded, RecordedQuerySet
from lab.models.subjects import Subject
from lab.models.visibility import OfLabQuerySet, Person, about_hidden


class NoteQuerySet(OfLabQuerySet["Note"]):
    """A note is seen by who sees what it is about."""

    projects_path = "content_object"  # wherever that leads

    def hidden(self, closed: list[int]) -> models.Q:
        return about_hidden(closed, besides=frozenset({"note"}))


class Note(Recorded):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notes"
    )
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField("date and time", default=now)
    text = models.TextField(blank=True, default="")
    image = models.ImageField(upload_to="notes/%Y/%m", blank=True, default="", max_length=255)
    content_type = models.ForeignKey(ContentType, models.PROTECT)
    object_id = models.UUIDField()
    content_object = GenericForeignKey("content_type", "object_id")

    objects: ClassVar[Any] = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="note_by_object")]

    def __str__(self) -> str:
        return self.text[:60] or "picture"


class NewsKind(models.TextChoices):
    """What the records can tell people of; the stored words are those of older databases."""

    RESPONSIBLE_CHANGED = "responsible_user_change", "another person is responsible"
    UNDERWEIGHT = "mouse_underweight", "an animal weighs too little"
    WATER_DUE = "mouse_water", "water is due"
    NOT_WEIGHED = "mouse_not_weighed", "an animal was not weighed today"
    TRAINING = "mouse_training", "training was missed"
    REQUEST_MADE = "new_request", "somebody asks for animals"
    REQUEST_FULFILLED = "request_fulfilled", "a request for animals is fulfilled"


class NotificationQuerySet(RecordedQuerySet["Notification"]):
    def visible_to(self, user: Person) -> Self:
        """Return what the person was told; operators see what everybody was."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        mine = Notification.users.through.objects.filter(user=user.pk)
        return self.filter(pk__in=mine.values("notification"))


class Notification(Recorded):
    class Status(models.TextChoices):
        NOT_TO_SEND = "no-send", "not to be sent"
        TO_SEND = "to-send", "to be sent"
        SENT = "sent", "sent"
        FAILED = "failed", "given up"

    kind = models.CharField(max_length=32, choices=NewsKind.choices)
    title = models.CharField(max_length=255)
    message = models.TextField(blank=True, default="")
    subject = models.ForeignKey(
        Subject, models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="notifications"
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.TO_SEND)
    send_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-send_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def lab(self) -> Lab | None:
        return self.subject.lab if self.subject else None


class NotificationRuleQuerySet(RecordedQuerySet["NotificationRule"]):
    def visible_to(self, user: Person) -> Self:
        """Return the person's own; operators see everybody's."""
        if not user.is_active:
            return self.none()
        return self if is_operator(cast("Any", user)) else self.filter(user=user.pk)


class NotificationRule(Recorded):
    """Whose animals somebody wants to hear of, for one kind of news."""

    class Scope(models.TextChoices):
        NONE = "none", "no animals"
        MINE = "mine", "my animals"
        LAB = "lab", "the lab's animals"
        ALL = "all", "all animals"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_rules"
    )
    kind = models.CharField(max_length=32, choices=NewsKind.choices)
    scope = models.CharField(max_length=8, choices=Scope.choices)

    objects: ClassVar[Any] = NotificationRuleQuerySet.as_manager()

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="rule_unique_for_user_and_kind")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"


class ToldLately(models.Model):
    """When something was last told, so that it is not told again at once, whoever else tells it."""

    key = models.CharField(max_length=64, primary_key=True)  # a digest of what was told
    told_at = models.DateTimeField(db_index=True)
    claim = models.UUIDField(help_text="Whose telling it was.")

    def __str__(self) -> str:
        return f"{self.key[:8]} at {self.told_at}"
