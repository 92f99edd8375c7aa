"""What outside tests of the protocol need: an empty server, and runs put into a session.

These addresses exist under the settings of the tests alone.
"""

import json
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.keys import digest
from accounts.models import Lab, Project
from common.errors import Invalid
from factorial.lightmill2025.wire import COOKIE
from factorial.models import Design, Host, LogRun, PlannedRun, Session
from factorial.queries.log_runs import uuids_in
from runs.models import Event, Participant, Run, Trial, Visit

SLUG = "lightmill-tests"


@csrf_exempt
@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Forget all runs, logs, sessions, hosts and named experiments, and make one host."""
    given = _read(request)
    user, password = given.get("hostUser", "host"), given.get("hostPassword")
    with transaction.atomic():
        _empty()
        lab, _ = Lab.objects.get_or_create(slug=SLUG, defaults={"name": "Tests of LightMill"})
        project, _ = Project.objects.get_or_create(lab=lab, slug=SLUG, defaults={"name": SLUG})
        kept = "" if password is None else make_password(str(password))
        Host.objects.create(project=project, user=str(user), password=kept)
    return JsonResponse({"data": None})


def _empty() -> None:
    records = Run.objects.filter(log_run__isnull=False)
    keys = list(records.values_list("pk", "participant"))
    runs = [run for run, _ in keys]
    LogRun.objects.all().delete()
    Session.objects.all().delete()
    Host.objects.all().delete()
    Trial.objects.filter(visit__run__in=runs).delete()
    Event.objects.filter(run__in=runs).delete()
    Visit.objects.filter(run__in=runs).delete()
    PlannedRun.objects.filter(run__in=runs).update(run=None)
    Run.objects.filter(pk__in=runs).delete()
    Participant.objects.filter(pk__in=[person for _, person in keys]).delete()
    Design.objects.filter(format=Design.Format.NAMED).delete()


@csrf_exempt
@require_POST
def attach(request: HttpRequest) -> HttpResponse:
    """Let the runs of a session be these, and no others."""
    given = _read(request)
    session = Session.objects.filter(key_digest=digest(_key(str(given.get("cookie", ""))))).first()
    if session is None:
        raise Invalid("No session has this cookie.")
    with transaction.atomic():
        LogRun.objects.filter(session=session).update(session=None)
        wanted = LogRun.objects.filter(public_id__in=uuids_in(map(str, given.get("runs", []))))
        wanted.update(session=session)
    return JsonResponse({"data": None})


def _key(cookie: str) -> str:
    """Take the key alone, or a whole header of cookies."""
    if f"{COOKIE}=" not in cookie:
        return cookie
    return SimpleCookie(cookie)[COOKIE].value


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise Invalid("The body must be JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("The body must be an object.")
    return found
