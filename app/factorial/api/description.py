"""The addresses of designs, described for programs that write programs."""

from lab.api import description as say
from lab.api.description import Described

NUMBER = {**say.INTEGER, "minimum": 0}
SWITCH: Described = {"type": "boolean"}
FILE = {"content": {"*/*": {"schema": {**say.TEXT, "format": "binary"}}}, "required": True}
DESIGN = say.parameter("design_id", "The design's id.", say.INTEGER, "path")
FORM = say.parameter("form", "xml, tsl or csv; else the file tells.", say.TEXT)
CODE = say.parameter("code", "The design's id in its lab.", say.TEXT)
PEOPLE = say.parameter("participants", "How many, where the file does not say.", NUMBER)
LISTED = [
    CODE,
    say.parameter("lab", "A lab's short name.", say.TEXT),
    say.parameter("after", "Those behind this one; from the answer before.", NUMBER),
]
BROUGHT = [
    say.parameter("project", "Where to: lab/project.", say.TEXT),
    CODE,
    say.parameter("pilot", "1: its runs are pilots.", SWITCH),
    say.parameter("fixed", "1: measures that it does not declare are flagged.", SWITCH),
    say.parameter("preview", "1: say what would come of it, and write nothing.", SWITCH),
]


def paths() -> Described:
    """Return {address: {method: its description}}."""
    return designs() | exports()


def designs() -> Described:
    """Return the addresses that list designs, bring one in and add runs to one."""
    base = "/api/v1/designs/"
    bring = say.call(
        "import_design",
        "designs",
        "Bring a design in",
        _told(
            {"200": "What would come of it.", "201": "What came of it."},
            "400",
            "401",
            "404",
            "409",
            "422",
        ),
        [*BROUGHT, FORM, PEOPLE],
    )
    extend = say.call(
        "extend_design",
        "designs",
        "Add the runs of a file to a design",
        _told({"200": "How many runs were added."}, "400", "401", "404", "422"),
        [DESIGN, FORM, PEOPLE],
    )
    return {
        base: {
            "get": say.call("list_designs", "designs", "List the designs that you see",
                            _told({"200": "By age."}, "400", "401"), LISTED),
            "post": bring | {"requestBody": FILE},
        },
        f"{base}{{design_id}}": {
            "get": say.call("read_design", "designs", "Read a design's factors, measures, runs",
                            _told({"200": "It."}, "400", "401", "404"), [DESIGN]),
            "post": extend | {"requestBody": FILE},
        },
    }  # fmt: skip


def _told(good: dict[str, str], *bad: str) -> Described:
    """Return answers that are plain objects, as docs/factorial/designs.md says."""
    shown = {code: {"description": about, **say.content(say.FREE)} for code, about in good.items()}
    return say.answers(shown, *bad)


def exports() -> Described:
    """Return the addresses of what was recorded of a factorial design."""
    file = say.parameter("file", "trials, events, joined or logs, and .csv, .tsv, .jsonl or "
                         ".parquet.", say.TEXT, "path")  # fmt: skip
    form = say.parameter("form", "csv or json.", say.TEXT, "path")
    also = [say.parameter(name, f"1: {about}.", SWITCH) for name, about in (
        ("pilots", "also pilots"), ("excluded", "also what was left out of analyses"),
        ("superseded", "also what another attempt has taken the place of"),
        ("completed", "no trial of which nothing is stored"))]  # fmt: skip
    run = say.parameter("run", "One run alone.", say.TEXT)
    known = say.parameter(
        "If-None-Match", "The ETag of the file that you have.", say.TEXT, "header"
    )
    base, bad = "/api/v1/designs/{design_id}/exports", ("400", "401", "404", "429")
    stream: Described = {"200": {"description": "Its rows.", "content": {
        media: {"schema": {**say.TEXT, "format": "binary"}} for media in (
            "text/csv", "text/tab-separated-values", "application/x-ndjson",
            "application/vnd.apache.parquet")}},
        "304": {"description": "It is as `If-None-Match` says."}}  # fmt: skip
    return {
        base: {"get": say.call("list_exports", "designs", "List the files of a design",
                            _told({"200": "As docs/factorial/exports.md says."}, *bad), [DESIGN])},
        f"{base}/dictionary.{{form}}": {"get": say.call(
            "read_dictionary", "designs", "Read what each column is",
            _told({"200": "As docs/factorial/exports.md says."}, *bad), [DESIGN, form])},
        f"{base}/{{file}}": {"get": say.call(
            "read_export", "designs", "Read the rows of a design",
            say.answers(stream, *bad), [DESIGN, file, *also, run, known])},
    }  # fmt: skip
