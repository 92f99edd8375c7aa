"""The addresses of plans and designs, described for programs that write programs."""

from lab.api import description as say
from lab.api.description import Described
from planning.api.describing import BASE, FILE, LISTED, call, content_of, key


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
