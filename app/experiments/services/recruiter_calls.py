"""The calls to recruiters' own interfaces: Prolific's, SONA's and MTurk's, as they document them.

No message of an error holds an address, a key or what was sent: SONA's key stands in its address.
A reply that leads elsewhere is not followed, so a key reaches no other host.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.utils.timezone import now

PATIENCE_S = 20
LARGEST = 1024 * 1024
OK, TOO_MANY, SERVER_ERROR = 200, 429, 500
NOTHING: Mapping[str, str] = {}


class Unanswered(Exception):
    """No answer that settles it: it is worth another try."""


@dataclass(frozen=True)
class Account:
    """Where a recruiter's interface is, and the key that opens it, which no message repeats."""

    address: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Wish:
    """What a recruiter is to be told of one submission."""

    submission: str
    outcome: str
    code: str = ""
    experiment: str = ""


@dataclass(frozen=True)
class Answer:
    """How it was settled, in words for the lab."""

    accepted: bool
    told: str


@dataclass(frozen=True)
class Reply:
    """What came back of a call."""

    status: int
    text: str

    @property
    def is_fine(self) -> bool:
        return OK <= self.status < OK + 100

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.text)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}


def _call(
    account: Account,
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] = NOTHING,
) -> Reply:
    """Make one call; what comes too late, broken or as the server's own fault is no answer."""
    parts = urlsplit(account.address)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        connection.request(method, f"{parts.path}{path}", body, dict(headers))
        reply = connection.getresponse()
        text = reply.read(LARGEST).decode(errors="replace")
    except (OSError, HTTPException, ValueError) as error:
        raise Unanswered(f"It does not answer: {type(error).__name__}.") from None
    finally:
        connection.close()
    if reply.status >= SERVER_ERROR or reply.status == TOO_MANY:
        raise Unanswered(f"It answers with {reply.status}.")
    return Reply(reply.status, text)


# --- Prolific: api.prolific.com, "Submissions" ---------------------------------------------------
HANDED_IN = {"AWAITING REVIEW", "APPROVED", "PARTIALLY APPROVED", "SCREENED OUT"}
GIVEN_UP = {"RETURNED", "TIMED-OUT", "REJECTED"}


def prolific(account: Account, wish: Wish) -> Answer:
    """Hand a submission in with the code of its outcome, unless it is handed in already."""
    path = f"/api/v1/submissions/{quote(wish.submission, safe='')}/"
    headers = {"Authorization": f"Token {account.key}", "Content-Type": "application/json"}
    before = _prolific_state(account, path, headers)
    if before:
        return before
    body = json.dumps({"action": "COMPLETE", "completion_code": wish.code})
    reply = _call(account, "POST", f"{path}transition/", body, headers)
    if reply.is_fine:
        return Answer(accepted=True, told=f"handed in with the code for {wish.outcome!r}")
    raise Unanswered(f"It does not take the submission: {reply.status}.")


def _prolific_state(account: Account, path: str, headers: Mapping[str, str]) -> Answer | None:
    reply = _call(account, "GET", path, headers=headers)
    if not reply.is_fine:
        raise Unanswered(f"It does not show the submission: {reply.status}.")
    state = str(reply.json().get("status", "")).upper()
    if state in HANDED_IN:
        return Answer(accepted=True, told=f"it is {state.lower()} already")
    return Answer(accepted=False, told=f"it is {state.lower()}") if state in GIVEN_UP else None


# --- SONA: "Server-Side Completion URL" ----------------------------------------------------------
GRANTED = re.compile(r"<(?:\w+:)?credit_status[^>]*>\s*G\s*<")
FAULT = re.compile(r"<(?:\w+:)?(?:Message|Description|ErrorMessage)[^>]*>([^<]{1,300})<")
ALREADY = re.compile(r"already (?:been )?(?:granted|given|received|credited)", re.IGNORECASE)


def sona(account: Account, wish: Wish) -> Answer:
    """Grant the credit; a credit that is there already was granted by a try before."""
    asked = {"experiment_id": wish.experiment, "credit_token": account.key,
             "survey_code": wish.submission}  # fmt: skip
    path = f"/services/SonaAPI.svc/WebstudyCredit?{urlencode(asked)}"
    reply = _call(account, "GET", path)
    if reply.is_fine and GRANTED.search(reply.text):
        return Answer(accepted=True, told="credit granted")
    if ALREADY.search(reply.text):
        return Answer(accepted=True, told="credit was granted already")
    fault = FAULT.search(reply.text)
    said = fault[1].replace(account.key, "…").strip() if fault else f"{reply.status}"
    raise Unanswered(f"It does not grant the credit: {said}.")


# --- MTurk: the Requester API, signed as AWS signs ------------------------------------------------
SERVICE = "MTurkRequesterServiceV20170117"


def mturk(account: Account, wish: Wish) -> Answer:
    """Approve an assignment once its worker has handed it in, unless it is approved already."""
    found = _mturk(account, "GetAssignment", {"AssignmentId": wish.submission})
    state = str((found.json().get("Assignment") or {}).get("AssignmentStatus", ""))
    if state == "Approved":
        return Answer(accepted=True, told="it is approved already")
    if state == "Rejected":
        return Answer(accepted=False, told="it was rejected on MTurk")
    if state != "Submitted":
        raise Unanswered("Its worker has not handed it in yet.")
    wanted = {"AssignmentId": wish.submission, "OverrideRejection": False}
    reply = _mturk(account, "ApproveAssignment", wanted)
    if reply.is_fine:
        return Answer(accepted=True, told="approved")
    raise Unanswered(f"It does not approve the assignment: {reply.status}.")


def _mturk(account: Account, action: str, wanted: Mapping[str, Any]) -> Reply:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Host": urlsplit(account.address).netloc,
        "X-Amz-Date": f"{now():%Y%m%dT%H%M%SZ}",
        "X-Amz-Target": f"{SERVICE}.{action}",
    }
    body = json.dumps(wanted)
    signed = headers | {"Authorization": signature(account, headers, body)}
    return _call(account, "POST", "/", body, signed)


def signature(account: Account, headers: Mapping[str, str], body: str, path: str = "/") -> str:
    """Return AWS's signature, version 4, of a POST; recipe in AWS's documentation of that name."""
    access, _, secret = account.key.partition(":")
    stamp, host = headers["X-Amz-Date"], headers["Host"]
    region = _region(host)
    scope = f"{stamp[:8]}/{region}/mturk-requester/aws4_request"
    names = ";".join(sorted(name.lower() for name in headers))
    lines = "".join(f"{name.lower()}:{headers[name].strip()}\n" for name in sorted(
        headers, key=str.lower))  # fmt: skip
    request = f"POST\n{path}\n\n{lines}\n{names}\n{_hash(body)}"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{_hash(request)}"
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signed = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return (f"AWS4-HMAC-SHA256 Credential={access}/{scope}, "
            f"SignedHeaders={names}, Signature={signed}")  # fmt: skip


def _region(host: str) -> str:
    found = re.search(r"\.([a-z]{2}-[a-z]+-\d)\.", host)
    return found[1] if found else "us-east-1"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- another one ---------------------------------------------------------------------------------
def generic(account: Account, wish: Wish) -> Answer:
    """Post the outcome; the same submission carries the same key, so that a repeat is known."""
    headers = {"Authorization": f"Bearer {account.key}", "Content-Type": "application/json",
               "Idempotency-Key": wish.submission}  # fmt: skip
    said = {"submission": wish.submission, "outcome": wish.outcome, "code": wish.code}
    reply = _call(account, "POST", "", json.dumps(said), headers)
    if reply.is_fine:
        return Answer(accepted=True, told="accepted")
    raise Unanswered(f"It does not accept it: {reply.status}.")


CALLS: Mapping[str, Callable[[Account, Wish], Answer]] = {
    "prolific": prolific,
    "sona": sona,
    "mturk": mturk,
    "generic": generic,
}
