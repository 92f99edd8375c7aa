"""Error reports to a Sentry server, when the site has one: what happened, never whose data.

No local variables, request bodies, cookies, headers, query strings, source lines or people leave
the site, and every text goes through the site's own redaction.
"""

from typing import TYPE_CHECKING, Any

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

from common import request_id
from common.redaction import redact_tree

if TYPE_CHECKING:
    from sentry_sdk.types import Breadcrumb, Event, Hint

PERSONAL = ["participant", "email", "query_string", "username", "ip_address"]
KEPT_OF_REQUEST = ("method", "url")
GONE = ("user", "modules", "breadcrumbs")


def start(*, dsn: str, release: str, environment: str) -> bool:
    """Begin to send errors; do nothing without a DSN."""
    if not dsn:
        return False
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        environment=environment,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        event_scrubber=EventScrubber(denylist=[*DEFAULT_DENYLIST, *PERSONAL], recursive=True),
        before_send=without_personal_data,
        before_breadcrumb=_no_breadcrumbs,
        integrations=[DjangoIntegration(transaction_style="function_name")],
    )
    return True


def without_personal_data(event: "Event", _: "Hint") -> "Event":
    facts: dict[str, Any] = dict(event)
    request = facts.get("request") or {}
    facts["request"] = {name: request[name] for name in KEPT_OF_REQUEST if name in request}
    if "url" in facts["request"]:
        facts["request"]["url"] = str(facts["request"]["url"]).partition("?")[0]
    for name in GONE:
        facts.pop(name, None)
    facts.get("extra", {}).pop("sys.argv", None)
    clean: Event = redact_tree(facts)
    clean["tags"] = {**_tags(facts), "request_id": request_id.current()}
    return clean


def _tags(facts: dict[str, Any]) -> dict[str, str]:
    return dict(facts.get("tags") or {})


def _no_breadcrumbs(_crumb: "Breadcrumb", _: "Hint") -> None:
    """Keep the trail of queries and log lines here: it is full of people's data."""
