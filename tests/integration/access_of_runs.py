"""Who may open designs, our own client and the monitor: a part of `test_access`."""

from typing import Any

from tests.factories import designs

ALDER = "in  200 404 200 200"
NO_REASON = "in 422 404 422 422"
NOTHING_TYPED = NO_REASON
UNREADABLE = "422 422 422 422 422"
RUN = ("design", "planned_run")
ATTEMPT = (*RUN, "attempt")
CLIENT = [  # clients need no account; what they are given depends on the key alone
    ("factorial:client-begin", UNREADABLE, "post", ()),
    ("factorial:client-plan", "404 404 404 404 404", "get", ("secret",)),
    ("factorial:client-trials", UNREADABLE, "post", ("secret",)),
    ("factorial:client-end", UNREADABLE, "post", ("secret",)),
]
DECISIONS = ("unlock", "hand-over", "redo", "skip", "put-aside")
WITH_KEY = "401 200 200 200 200"
ALDER_WITH_KEY = "401 200 404 200 200"
FOR_PROGRAMS = [
    ("designs-api:designs", WITH_KEY, "get", ()),
    ("designs-api:designs", "401 404 404 404 404", "post", ()),
    ("designs-api:design", ALDER_WITH_KEY, "get", ("design",)),
    ("designs-api:design", "401 422 404 422 422", "post", ("design",)),
    ("designs-api:exports", ALDER_WITH_KEY, "get", ("design",)),
    ("designs-api:dictionary", ALDER_WITH_KEY, "get", ("design", "csv")),
    ("designs-api:export", ALDER_WITH_KEY, "get", ("design", "trials_csv")),
]
ROWS: list[tuple[Any, ...]] = [
    *CLIENT,
    *FOR_PROGRAMS,
    ("factorial:client-file", "302 302 302 302 302", "get", ("client_file",)),
    ("factorial:pointing", "200 200 200 200 200", "get", ()),
    ("factorial:monitor", ALDER, "get", ("design",)),
    ("factorial:monitor-state", ALDER, "get", ("design",)),
    ("factorial:data", ALDER, "get", ("design",)),
    ("factorial:data-back-up", NOTHING_TYPED, "post", ("design",)),
    ("factorial:data-purge", NOTHING_TYPED, "post", ("design",)),
    ("factorial:data-clear", "in 403 404 422 422", "post", ("design",), {"reason": "Tried out."}),
    ("factorial:run", ALDER, "get", RUN),
    ("factorial:attempt", ALDER, "get", ATTEMPT),
    ("factorial:trial", "in 404 404 404 404", "get", (*ATTEMPT, "nobody", "nobody")),
    *((f"factorial:run-{do}", NO_REASON, "post", RUN) for do in DECISIONS),
    ("factorial:run-put-back", "in 409 404 409 409", "post", RUN),
    ("factorial:attempt-mark", NO_REASON, "post", ATTEMPT, {"kind": "note"}),
    ("factorial:log-run", "in 404 404 404 404", "get", ("design", "attempt")),
    ("factorial:log-run-mark", NO_REASON, "post", ("design", "attempt"), {"kind": "note"}),
    ("factorial:log-mark-undo", "in 404 404 404 404", "post", ("design", "attempt", "nobody")),
    ("factorial:mark-undo", "in 404 404 404 404", "post", (*RUN, "nobody")),
]


def begun(design: Any) -> dict[str, Any]:
    """Begin the first run of a design; return what addresses may name of it."""
    held, planned = designs.held(design)
    return {
        "design": design.pk,
        "planned_run": planned.pk,
        "attempt": held.run.pk,
        "client_file": "studium-runs.js",
    }
