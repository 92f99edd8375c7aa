"""The addresses of plans, designs and searches, described for programs that write programs."""

from lab.api import description as say
from lab.api.description import Described
from planning.api.describing import BASE, FILE, JSON, LISTED, call, content_of, key


def plans() -> Described:
    """Return the addresses of plans and of their designs."""
    make = [
        say.parameter("project", "lab/project.", say.TEXT),
        say.parameter("name", "What it is called.", say.TEXT),
    ]
    new = call("post", "make_plan", "Make a plan; the body is its specification as TOML",
               {"201": "The plan."}, "404", "422", given=make)  # fmt: skip
    one, path = f"{BASE}/designs/{{design_id}}", say.parameter("path", "Which.", say.TEXT, "path")
    return {
        f"{BASE}/plans": {
            **call("get", "list_plans", "List plans of tasks", {"200": "Newest first."},
                   given=LISTED),
            "post": new["post"] | FILE,
        },
        f"{BASE}/plans/{{plan_id}}": call(
            "get", "read_plan", "Read a plan and its kept designs", {"200": "It."}, "404",
            given=[key("plan_id")]),
        one: call("get", "read_task_design", "Read a design: its order, waits, scores and files",
                  {"200": "It."}, "404", "422", given=[key("design_id")]),
        f"{one}/files/{{path}}": content_of(
            "file_of_task_design", "Read a file of a design", [key("design_id"), path]),
        f"{one}/design.zip": content_of(
            "zip_of_task_design", "Read all files of a design", [key("design_id")]),
    }  # fmt: skip


def searches() -> Described:
    """Return the addresses of searches."""
    one, known = f"{BASE}/searches/{{search_id}}", [key("search_id")]
    new = call("post", "begin_search", "Search for designs: plan, method, seed, restarts …",
               {"201": "The search."}, "404", "422")  # fmt: skip
    return {
        f"{BASE}/searches": {
            **call("get", "list_searches", "List searches", {"200": "Newest first."},
                   given=LISTED),
            "post": new["post"] | JSON,
        },
        one: call("get", "read_search", "Read how far a search is, and what it found",
                  {"200": "It."}, "404", given=known),
        f"{one}/end": call("post", "end_search", "End a search with the best design so far",
                           {"200": "It."}, "404", "409", given=known),
        f"{one}/cancel": call("post", "cancel_search", "Cancel a search", {"200": "It."},
                              "404", "409", given=known),
    }  # fmt: skip
