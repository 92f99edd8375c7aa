"""What clients change: a run is taken and let go, a trial is stored, a design is brought in."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.authentication import TokenAuthentication
from accounts.models import ApiToken, Project, User
from factorial.errors import NotHeld, OutOfOrder, RunIsComplete, RunIsHeld, TrialDiffers, WrongToken
from factorial.lightmill2020 import finding, looking, refusals, shapes
from factorial.lightmill2020.finding import Named
from factorial.lightmill2020.refusals import BAD_REQUEST, NOT_ALLOWED, Refused, malformed
from factorial.lightmill2020.speaking import body_of, json_of, speaks
from factorial.models import Block, ClientImports, PlannedRun
from factorial.services import designs, hand_out, posting
from factorial.services.places import Place
from factorial.values import Sent, sent
from runs.models import Event
from runs.rows import storable

EMPTY = "nothing measured"  # the event of a trial that was sent without a trial and events


@speaks("GET")
def lock(request: HttpRequest, named: Named) -> HttpResponse:  # noqa: ARG001
    """Give the run to whoever asks, unless somebody is at it; a GET, since clients ask so."""
    planned = finding.run(named)
    try:
        held = hand_out.hold(planned=planned)
    except RunIsComplete:
        if planned.trial_count:
            raise RunIsHeld from None
        raise refusals.completed() from None
    facts = {"token": held.token, "runId": named.run, "experimentId": named.experiment}
    return JsonResponse(facts)


@speaks("POST")
def unlock(request: HttpRequest, named: Named) -> HttpResponse:
    planned = finding.run(named)
    if planned.run is None or not planned.run.holder:
        raise _not_locked(named)
    if request.content_type != "application/json":
        raise Refused(NOT_ALLOWED, "Incorrect Request Type", "Incorrect request type.")
    token = _token(json_of(request))
    try:
        hand_out.release(run=planned.run, token=token)
    except NotHeld:
        raise _not_locked(named) from None
    except WrongToken:
        raise _wrong_token(token, named) from None
    return JsonResponse(shapes.run(planned, named.experiment, now()))


def _not_locked(named: Named) -> Refused:
    says = f"Run {named.run} of {named.experiment} is not locked."
    return Refused(NOT_ALLOWED, "RunNotLocked", says)


def _wrong_token(token: str, named: Named) -> Refused:
    return Refused(NOT_ALLOWED, "WrongToken", f"Wrong token: {token} for run {named.run}")


def _token(body: Mapping[str, Any]) -> str:
    token = body.get("token")
    if not isinstance(token, str) or not token:
        raise malformed("Send the token that locking the run has given.")
    return str(storable(token))[:200]


@speaks("GET", "HEAD", "POST")
def trial(request: HttpRequest, named: Named) -> HttpResponse:
    return _store(request, named) if request.method == "POST" else looking.trial(named)


def _store(request: HttpRequest, named: Named) -> HttpResponse:
    """Store a trial; the same one again is told of as it is stored."""
    block = finding.trial(named)
    planned: PlannedRun = block.planned_run
    body = json_of(request)
    if planned.run is None or not planned.run.holder:
        raise NotHeld
    token = _token(body)
    if token != planned.run.holder:
        raise _wrong_token(token, named)
    if body.get("measures") == {}:
        return _note_empty(block, token, named)
    one = _sent(body, named.words)
    try:
        receipt = _received(block, token, one)
    except OutOfOrder:
        receipt = _received_after_empty(block, token, one, named)
    except WrongToken:
        raise _wrong_token(token, named) from None
    if receipt.known:
        return looking.trial(named)
    return _told(block, named, one.values, receipt.at)


def _told(block: Block, named: Named, values: Mapping[str, Any], at: Any) -> HttpResponse:
    defaults = looking.defaults_of(block.planned_run.design)
    number = named.words["trial"]
    facts = shapes.trial(
        named.words, block, number, defaults=defaults, measures=values, at=at
    )  # fmt: skip
    return JsonResponse(facts)


def _sent(body: Mapping[str, Any], words: Mapping[str, Any]) -> Sent:
    measures = body.get("measures")
    if not isinstance(measures, dict):
        raise malformed("Send measures: an object with trial and events.")
    if not isinstance(measures.get("trial"), dict) or not isinstance(measures.get("events"), list):
        raise malformed("Send measures.trial, an object, and measures.events, a list of objects.")
    return sent(
        block=words["block"],
        trial=words["trial"],
        values=measures["trial"],
        events=measures["events"],
    )


def _received(block: Block, token: str, one: Sent) -> posting.Receipt:
    place = Place(block.number, block.first_trial, block.trial_count, getattr(block, "visit", None))
    return posting.receive(
        planned=block.planned_run,
        token=token,
        trials=[one],
        rules=posting.OF_2020,
        places={block.number: place},
    )


# --- a trial of which nothing was sent ----------------------------------------------------------
#
# Clients send `measures: {}` when their page measured nothing. The server of 2020 said 200, left
# the trial open and refused the next one. Here it stays open for a content that may come, and is
# stored without one as soon as the next trial comes, or at once when it is the last.


def _note_empty(block: Block, token: str, named: Named) -> HttpResponse:
    planned: PlannedRun = block.planned_run
    index = block.first_trial + named.words["trial"]
    if index < planned.done:
        raise TrialDiffers
    if index + 1 == planned.trial_count:
        return _end_empty(block, token, named)
    if index != planned.done and not set(range(planned.done, index)) <= _empty(planned):
        raise OutOfOrder
    posting.note(planned=planned, token=token, kind=EMPTY, data={"index": index})
    return _told(block, named, {}, None)


def _end_empty(block: Block, token: str, named: Named) -> HttpResponse:
    one = sent(block=block.number, trial=named.words["trial"], values={}, events=[])
    try:
        receipt = _received(block, token, one)
    except OutOfOrder:
        receipt = _received_after_empty(block, token, one, named)
    return _told(block, named, {}, receipt.at)


def _received_after_empty(block: Block, token: str, one: Sent, named: Named) -> posting.Receipt:
    """Store the trials before this one of which nothing came, and this one, if that is all."""
    planned: PlannedRun = block.planned_run
    planned.refresh_from_db(fields=["done"])
    before = range(planned.done, block.first_trial + named.words["trial"])
    if not before or not set(before) <= _empty(planned):
        raise OutOfOrder
    trials = [*_nothing(planned, before), one]
    return posting.receive(planned=planned, token=token, trials=trials, rules=posting.OF_2020)


def _nothing(planned: PlannedRun, indices: Sequence[int]) -> list[Sent]:
    blocks = list(planned.blocks.only("number", "first_trial", "trial_count", "planned_run"))
    return [
        sent(block=block.number, trial=index - block.first_trial, values={}, events=[])
        for index in indices
        for block in blocks
        if 0 <= index - block.first_trial < block.trial_count
    ]


def _empty(planned: PlannedRun) -> set[int]:
    rows = Event.objects.filter(run=planned.run_id, kind=EMPTY)
    return set(rows.values_list("data__index", flat=True))


# --- designs ------------------------------------------------------------------------------------


@speaks("POST")
def import_(request: HttpRequest, named: Named) -> HttpResponse:
    """Bring in the design that is the body: by who has a token, or where the lab lets clients."""
    by = _by(request)
    project = _project_of(by, request, named) if by else _taking(named)
    made = designs.import_design(
        project=project,
        document=body_of(request),
        by=by,
        charset=request.content_params.get("charset", "") if request.content_params else "",
    )
    return JsonResponse(shapes.design(made))


def _by(request: HttpRequest) -> User | None:
    """Return who an API token names; a cookie is not looked at."""
    try:
        found = TokenAuthentication().authenticate(Request(request))
    except APIException as error:
        raise Refused(error.status_code, "Unauthorized", str(error.detail)) from None
    if found is None:
        return None
    user, token = found
    if token.scope != ApiToken.Scope.WRITE:
        raise Refused(403, "Forbidden", "This token may only read.")
    return user


def _project_of(by: User, request: HttpRequest, named: Named) -> Project:
    rows = Project.objects.editable_by(by).select_related("lab")
    if named.lab:
        rows = rows.filter(lab__slug=named.lab)
    if wanted := request.GET.get("project", ""):
        rows = rows.filter(slug=wanted.rpartition("/")[2])
    found = list(rows[:2])
    if len(found) != 1:
        raise refusals.not_imported(
            "Say which project: /lightmill/2020/LAB/api/import?project=PROJECT, by short names."
        )
    return found[0]


def _taking(named: Named) -> Project:
    """Return the project into which clients without an account may bring designs."""
    rows = ClientImports.objects.select_related("project__lab")
    if named.lab:
        rows = rows.filter(lab__slug=named.lab)
    found = list(rows.filter(project__archived_at=None)[:2])
    if len(found) == 1:
        project: Project = found[0].project
        return project
    if found:
        raise refusals.not_imported("Several labs take designs: post to /lightmill/2020/LAB/api.")
    raise Refused(
        BAD_REQUEST,
        "CannotImportExperiment",
        "Clients may not bring designs in here. Bring it in on the page of designs, send an API "
        "token along, or let the lab switch it on (manage.py client_imports LAB/PROJECT).",
    )
