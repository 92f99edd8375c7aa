"""A few questions to a site from outside, as a browser asks them: how does what is live answer."""

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_S = 20
SIGN_IN = "/accounts/sign-in/"
STYLE = re.compile(r'href="(/static/[^"]+\.css)"')
ALWAYS = ("x-content-type-options", "x-frame-options", "referrer-policy", "content-security-policy")
OVER_TLS = ("strict-transport-security",)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


class Faulty(Exception):
    """What an answer should have been, and was not."""


@dataclass
class Visit:
    """One visit to a site of which we know what is live."""

    url: str
    commit: str
    faults: list[str] = field(default_factory=list)

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    def ask(self, path: str, method: str = "GET", *, secure: bool | None = None) -> Answer:
        host = urlsplit(self.url)
        connection: http.client.HTTPConnection
        if self.is_secure if secure is None else secure:
            trust = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                str(host.hostname), host.port, timeout=PATIENCE_S, context=trust
            )
        else:
            port = 80 if self.is_secure else host.port
            connection = http.client.HTTPConnection(str(host.hostname), port, timeout=PATIENCE_S)
        try:
            connection.request(method, path)
            given = connection.getresponse()
            headers = {name.lower(): value for name, value in given.getheaders()}
            return Answer(given.status, headers, given.read().decode(errors="replace"))
        finally:
            connection.close()


def run(url: str, commit: str) -> list[str]:
    """Ask everything, saying how each answer was; return the faults."""
    visit = Visit(url, commit)
    asked = QUESTIONS | OF_TLS if visit.is_secure else QUESTIONS
    for claim, question in asked.items():
        began = time.monotonic()
        try:
            question(visit)
        except (Faulty, OSError, http.client.HTTPException, ValueError) as error:
            visit.faults.append(f"{claim}: {error}")
            print(f"  ✗ {claim}: {error}")
        else:
            print(f"  ✓ {claim} ({time.monotonic() - began:.2f} s)")
    return visit.faults


def _want(answer: Answer, status: int) -> None:
    if answer.status != status:
        raise Faulty(f"{answer.status} instead of {status}: {answer.body[:200]!r}")


def is_alive(visit: Visit) -> None:
    _want(visit.ask("/health/"), 200)


def has_the_commit(visit: Visit) -> None:
    answer = visit.ask("/health/ready/")
    _want(answer, 200)
    told = json.loads(answer.body).get("commit")
    if told != visit.commit:
        raise Faulty(f"it says {told}, its pipeline says {visit.commit}")


def shows_its_first_page(visit: Visit) -> None:
    answer = visit.ask(SIGN_IN)
    _want(answer, 200)
    _want_headers(visit, answer)


def _want_headers(visit: Visit, answer: Answer) -> None:
    wanted = ALWAYS + (OVER_TLS if visit.is_secure else ())
    if lacking := [name for name in wanted if name not in answer.headers]:
        raise Faulty(f"no header {', '.join(lacking)}")


def sends_its_style(visit: Visit) -> None:
    found = STYLE.search(visit.ask(SIGN_IN).body)
    if found is None:
        raise Faulty(f"{SIGN_IN} names none")
    answer = visit.ask(found[1])
    _want(answer, 200)
    if "immutable" not in answer.headers.get("cache-control", ""):
        raise Faulty(f"{found[1]} may not be kept")


def knows_what_it_has_not(visit: Visit) -> None:
    answer = visit.ask("/nothing-here-by-this-name/")
    _want(answer, 404)
    _want_headers(visit, answer)


def refuses_a_forged_form(visit: Visit) -> None:
    _want(visit.ask(SIGN_IN, "POST"), 403)


def leads_to_tls(visit: Visit) -> None:
    answer = visit.ask(SIGN_IN, secure=False)
    if not answer.headers.get("location", "").startswith("https://"):
        raise Faulty(f"{answer.status} {answer.headers.get('location', 'leads nowhere')}")


QUESTIONS: dict[str, Callable[[Visit], None]] = {
    "it answers at /health/": is_alive,
    "it is ready, with the commit that its pipeline calls live": has_the_commit,
    "its sign-in page comes with every header": shows_its_first_page,
    "a style sheet that the page names comes, to be kept for ever": sends_its_style,
    "a page that is not there is 404, with every header": knows_what_it_has_not,
    "a form without its token is refused": refuses_a_forged_form,
}
OF_TLS: dict[str, Callable[[Visit], None]] = {"plain HTTP leads to HTTPS": leads_to_tls}
