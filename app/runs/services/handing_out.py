"""All that is kept of a participant, handed out as one file: nothing has to be thought of twice.

Which tables that are is found as it is found what to erase.
"""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from accounts import audit
from accounts.models import Project, User
from common.errors import NotThere
from runs.models import Participant, Run
from runs.services import erasure, identities
from runs.services.erasure import Whose

FORMAT = "studium-participant/1"
# What opens something, or says only something to this site.
LEFT_OUT = {"sealed", "digest", "key", "key_digest", "withdrawal_digest", "address_digest",
            "password", "holder", "held_until", "submission"}  # fmt: skip
# What recruiters or the lab call somebody, and what goes to their address, is who they are.
TELLS_WHO = {
    "experiments.arrival",
    "experiments.link",
    "runs.account",
    "runs.code",
    "runs.identity",
    "runs.letter",
}
Tables: TypeAlias = Iterator[tuple[str, list[dict[str, Any]]]]


@transaction.atomic
def hand_out(*, participant: Participant, by: User, reason: str, identity: bool = False) -> str:
    """Return what is kept of somebody as JSON; with ``identity``, who they are as well.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    MayNotIdentify
        Who they are was asked for, and was not permitted to ``by``.
    """
    if not Project.objects.editable_by(by).filter(pk=participant.project_id).exists():
        raise NotThere
    who = {}
    if identity:
        who = identities.reveal(participant=participant, by=by, reason=reason)
    audit.record(action="participant.handed-out", user=by, on=participant, reason=reason)
    told = {
        "format": FORMAT,
        "pseudonym": participant.pseudonym,
        **({"identity": who} if identity else {}),
        "tables": {
            name: rows
            for name, rows in _tables(participant, identity=identity)
            if rows and (identity or name not in TELLS_WHO)
        },
    }
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _tables(participant: Participant, *, identity: bool) -> Tables:
    chart = erasure.charted()
    runs = Run.objects.filter(participant=participant).values_list("pk", flat=True)
    whose = Whose(list(runs), [participant.pk])
    left_out = LEFT_OUT if identity else {*LEFT_OUT, "external"}
    yield "runs.participant", _rows(Participant.objects.filter(pk=participant.pk), left_out)
    for model, ways in sorted((chart.kept | chart.theirs).items(), key=lambda one: str(one[0])):
        rows = model._base_manager.filter(whose.where(ways)).distinct()  # noqa: SLF001
        yield model._meta.label_lower, _rows(rows.order_by("pk"), left_out)  # noqa: SLF001


def _rows(rows: models.QuerySet[Any], left_out: set[str]) -> list[dict[str, Any]]:
    columns = [each.attname for each in rows.model._meta.concrete_fields]  # noqa: SLF001
    return list(rows.values(*[name for name in columns if name not in left_out]))
