"""A participant's own account. What is shown never tells whether an address has one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.timezone import now

from accounts import addresses
from experiments import identity_forms
from experiments.services import signing_in, unfinished
from experiments.views.steps.kind import Again, Kind, Shown
from runs.services import leases, returning

LONGEST_PASSWORD = 1000
SIGNING_IN = {"sign-in", "use-code"}
NO_ADDRESS = "Please write your e-mail address."
NO_PASSWORD = "Please write your password."  # noqa: S105
NOT_TOGETHER = (
    "The address and the password do not belong together. Check both, or have a code sent."
)
WRONG_CODE = "This code is wrong, too old, or was tried too often. Have another one sent."


@dataclass(frozen=True)
class Box:
    """One field as it is shown again; no password ever is."""

    name: str
    label: str
    value: str = ""
    error: str = ""

    @property
    def item(self) -> Mapping[str, str]:
        """Stand in the list of faults beside items."""
        return {"text": self.label}


ADDRESS, PASSWORD = Box("address", "E-mail address"), Box("password", "Password")
CODE, CHOSEN = Box("code", "Code from the mail"), Box("chosen", "Choose a password")


def show(shown: Shown) -> dict[str, Any]:
    return {"boxes": _boxes(shown)} | _around(shown)


def _around(shown: Shown) -> dict[str, Any]:
    ask = shown.step.identity.ask("e-mail")
    return {
        "waits_for_code": returning.waits_for_code(shown.turn.sitting.run),
        "may_skip": ask is not None and not ask.is_required,
        "shortest": signing_in.SHORTEST,
    }


def _boxes(shown: Shown) -> list[Box]:
    waits = returning.waits_for_code(shown.turn.sitting.run)
    return [CODE, CHOSEN] if waits else [ADDRESS, PASSWORD]


def take(shown: Shown) -> Again | None:
    turn = shown.turn
    if turn.visit.submitted_at:
        return None  # sent twice: it is done
    leases.hold(run=turn.sitting.run, holder=turn.holder, at=now())
    act = next((name for name in ACTS if name in shown.request.POST), "sign-in")
    boxes = ACTS[act](shown)
    faults = [box for box in boxes if box.error]
    if faults:
        return Again({"boxes": boxes, "faults": faults} | _around(shown))
    ticket = unfinished.ticket_of(turn.sitting) if act in SIGNING_IN else ""
    return Again(offer=ticket) if ticket else None


def _text(shown: Shown, name: str) -> str:
    return str(shown.request.POST.get(name, "")).strip().replace("\0", "")[:LONGEST_PASSWORD]


def _address(shown: Shown) -> Box:
    text = _text(shown, ADDRESS.name)
    if not text:
        return replace(ADDRESS, error=NO_ADDRESS)
    try:
        return replace(ADDRESS, value=identity_forms.address(text))
    except identity_forms.Refused as error:
        return replace(ADDRESS, value=text, error=str(error))


def _origin(shown: Shown) -> str:
    return addresses.neighbourhood(addresses.of(shown.request))


def _sign_in(shown: Shown) -> list[Box]:
    address, password = _address(shown), _text(shown, PASSWORD.name)
    box = PASSWORD if password else replace(PASSWORD, error=NO_PASSWORD)
    if address.error or box.error:
        return [address, box]
    is_right = signing_in.by_password(turn=shown.turn, key=shown.key, address=address.value,
                                      password=password, origin=_origin(shown))  # fmt: skip
    return [address, box if is_right else replace(PASSWORD, error=NOT_TOGETHER)]


def _send_code(shown: Shown) -> list[Box]:
    address = _address(shown)
    if not address.error:
        signing_in.ask_code(turn=shown.turn, address=address.value, origin=_origin(shown))
    return [address, PASSWORD]


def _use_code(shown: Shown) -> list[Box]:
    code, password = _text(shown, CODE.name), _text(shown, CHOSEN.name)
    faults = " ".join(signing_in.faults_of(password))
    if faults or not code:
        return [replace(CODE, value=code, error="" if code else "Please write the code."),
                replace(CHOSEN, error=faults)]  # fmt: skip
    is_right = signing_in.by_code(turn=shown.turn, key=shown.key, code=code, password=password)
    return [CODE if is_right else replace(CODE, value=code, error=WRONG_CODE), CHOSEN]


def _back(shown: Shown) -> list[Box]:
    returning.drop_codes(run=shown.turn.sitting.run)
    return []


def _skip(shown: Shown) -> list[Box]:
    if not _around(shown)["may_skip"]:
        return [replace(ADDRESS, error=NO_ADDRESS), PASSWORD]
    signing_in.skip(turn=shown.turn)
    return []


ACTS: Mapping[str, Callable[[Shown], list[Box]]] = {
    "send-code": _send_code,
    "use-code": _use_code,
    "back": _back,
    "skip": _skip,
    "sign-in": _sign_in,
}
KIND = Kind("sign_in", show, take)
