"""The addresses of planning, described for programs that write programs."""

from lab.api import description as say
from lab.api.description import Described
from planning.api import description_of_designs as designs
from planning.api.describing import BASE, CSV, FILE, JSON, LISTED, NUMBER, TAG, call, key
from planning.forms.minutes import MinutesForm

WANTED = [
    say.parameter("power", "The power that is wanted; 0.8.", NUMBER),
    say.parameter("participants", "How many can be scanned; the pilot's.", say.INTEGER),
    say.parameter("correction", "none, bonferroni, random_field or false_discovery.", say.TEXT),
]


def paths() -> Described:
    """Return {address: {method: its description}}."""
    return power() | at_once() | designs.plans() | designs.searches()


def power() -> Described:
    """Return the addresses of maps and of their analyses."""
    brought = [
        say.parameter("project", "lab/project.", say.TEXT),
        say.parameter("name", "What it is called.", say.TEXT),
        say.parameter("participants", "Of the pilot.", say.INTEGER),
        say.parameter("groups", "1 or 2.", say.INTEGER),
        say.parameter("kind", "z or t: what the map holds.", say.TEXT),
    ]
    one = f"{BASE}/analyses/{{analysis_id}}"
    bring = call("post", "bring_map", "Bring a map in; the body is its file",
                 {"201": "The map."}, "404", "422", given=brought)  # fmt: skip
    fetch = call("post", "fetch_map", "Let the site fetch a map: project, participants, and "
                 "neurovault (the image's number) or address",
                 {"201": "The map; its job fetches the file."}, "404", "422")  # fmt: skip
    ask = call("post", "ask_map", "Ask a map: map, screening, alpha, direction, resamples …",
               {"201": "The analyses, one for each direction."}, "404", "422")  # fmt: skip
    files = {
        f"{one}/{name}.csv": {"get": say.call(
            f"{name}_of_analysis", TAG, about, say.answers(CSV, "400", "401", "404", "429"),
            [key("analysis_id")])}
        for name, about in (("peaks", "Read all peaks"), ("curves", "Read power by participants"))
    }  # fmt: skip
    return {
        f"{BASE}/maps": {
            **call("get", "list_maps", "List maps of pilots", {"200": "Newest first."},
                   given=LISTED),
            "post": fetch["post"] | JSON,
        },
        f"{BASE}/maps/upload": {"post": bring["post"] | FILE},
        f"{BASE}/maps/{{map_id}}": call("get", "read_map", "Read what a map is", {"200": "It."},
                                        "404", given=[key("map_id")]),
        f"{BASE}/analyses": {
            **call("get", "list_analyses", "List power analyses", {"200": "Newest first."},
                   given=LISTED),
            "post": ask["post"] | JSON,
        },
        one: call("get", "read_analysis", "Read an analysis and what it answers", {"200": "It."},
                  "404", given=[key("analysis_id"), *WANTED]),
        **files,
    }  # fmt: skip


def at_once() -> Described:
    """Return the addresses whose answers are there at once."""
    scored = [
        say.parameter("name", "The file's name: its ending tells its format.", say.TEXT),
        say.parameter("tr", "Seconds for a scan.", NUMBER),
        say.parameter("scans", "How many there were.", say.INTEGER),
        say.parameter("rho", "Autocorrelation of the noise; 0.3.", NUMBER),
        say.parameter("high_pass", "Period of the filter in s; 128. 0: none.", NUMBER),
    ]
    asked = [
        say.parameter(name, str(field.label or name), say.TEXT)
        for name, field in MinutesForm.base_fields.items()
    ]
    judge = call("post", "score_events", "Score events that were made elsewhere",
                 {"200": "What they tell."}, "422", given=scored)  # fmt: skip
    return {
        f"{BASE}/score": {"post": judge["post"] | FILE},
        f"{BASE}/minutes": call("get", "participants_and_minutes",
                                "Join an analysis and a design: the cheapest study",
                                {"200": "Participants for each length of scan."}, given=asked),
    }  # fmt: skip
