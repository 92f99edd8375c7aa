"""Answers that were given to calls with a key, so that the same call again gets the same one."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.timezone import now


class KeptAnswer(models.Model):
    """What a call was told; person and key are unique, so that the second of two waits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="Of the method, the address and the body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="answer_unique_for_user_and_key")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.user}"

    def replay(self) -> tuple[int, Any, dict[str, str]]:
        return self.status, self.body, dict(self.headers)
