"""The requests that are measured, and what each cost with Alyx 3.6.1."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

Request = tuple[str, str, Any]
FRESH = count()
DEEP = {"small": 100_000, "large": 1_000_000}


@dataclass(frozen=True)
class Ask:
    """One request: what it is called, how it is made, what Alyx needed for it."""

    name: str
    request: Callable[[dict[str, Any], int], Request]
    alyx: str = ""
    expects: tuple[int, ...] = (200, 201)
    is_counted: bool = True  # within the ten queries of a list or a detail
    before: Callable[[dict[str, Any], int], Request] | None = None  # sent first, not measured
    forgets_tables: bool = False  # the kept cache tables go first
    says_what_it_has: bool = False  # sends the ETag of the answer before
    most_rounds: int = 1_000


def get(path: str, **query: Any) -> Callable[[dict[str, Any], int], Request]:
    """Return a request whose path and query may name what was filled: {subject}."""

    def made(facts: dict[str, Any], _number: int) -> Request:
        words = urlencode({name: str(value).format(**facts) for name, value in query.items()})
        return "GET", "/alyx/" + path.format(**facts) + (f"?{words}" if words else ""), None

    return made


def new_session(facts: dict[str, Any], _number: int) -> Request:
    number = next(FRESH)
    day = date(2025, 1, 1) + timedelta(days=number % 240)  # before all others
    body = {"subject": facts["subject"], "start_time": f"{day}T09:00:00", "number": 1}
    return "POST", "/alyx/sessions", body


def new_files(each: int) -> Callable[[dict[str, Any], int], Request]:
    def made(facts: dict[str, Any], _number: int) -> Request:
        number = next(FRESH)
        names = [f"bench.file{each}_{number}_{count}.npy" for count in range(each)]
        body = {
            "path": facts["path"], "name": facts["repository"],
            "filenames": [f"new/{name}" for name in names],
            "hashes": [f"{count:032x}" for count in range(each)],
            "filesizes": [1000] * each,
        }  # fmt: skip
        return "POST", "/alyx/register-file", body

    return made


def new_weighing(facts: dict[str, Any], _number: int) -> Request:
    weight_g = 20 + next(FRESH) % 50 / 10
    body = {"subject": facts["subject"], "date_time": "2026-04-20T09:00:00", "weight": weight_g}
    return "POST", "/alyx/weighings", body


def new_quality(facts: dict[str, Any], _number: int) -> Request:
    body = {"extended_qc": {"task": next(FRESH) / 1000}}
    return "PATCH", f"/alyx/sessions/{facts['session']}", body


def deep(facts: dict[str, Any], _number: int) -> Request:
    return "GET", f"/alyx/datasets?limit=50&offset={DEEP[facts['size']]}", None


LISTS = [
    Ask("GET sessions?limit=50", get("sessions", limit=50), "5, 42, 85"),
    Ask("GET sessions (250)", get("sessions"), "5, 73-190, 145"),
    Ask("GET sessions?subject=", get("sessions", subject="{subject}"), "-, 32, 34"),
    Ask("GET sessions?dataset_types=", get("sessions", dataset_types="spikes.times"),
        "-, 200, 486"),
    Ask("GET sessions?datasets= (one)", get("sessions", datasets="spikes.times.npy"),
        "5, 690, 3100"),
    Ask("GET sessions?datasets= (two)",
        get("sessions", datasets="spikes.times.npy,_ibl_trials.table.pqt"), "5, -, 4900"),
    Ask("GET sessions?dataset_qc_lte=", get("sessions", dataset_qc_lte="PASS"), "-, 312, 382"),
    Ask("GET sessions?project=&date_range=",
        get("sessions", project="project-01", date_range="2025-09-01,2025-09-20")),
    Ask("GET sessions/<id> (30 files)", get("sessions/{session}"), "75, 82, 71"),
    Ask("GET sessions/<id> (300 files)", get("sessions/{long_session}")),
    Ask("GET datasets?limit=250", get("datasets", limit=250), "5, 162, 342"),
    Ask("GET datasets?session= (30)", get("datasets", session="{session}"), "-, 55, 45"),
    Ask("GET datasets?exists=True&limit=50", get("datasets", exists="True", limit=50),
        "-, 7000, 70000"),
    Ask("GET datasets?exists=False&limit=50", get("datasets", exists="False", limit=50)),
    Ask("GET datasets?limit=50&offset=100k / 1M", deep, "-, -, 8400"),
    Ask("GET datasets?django=collection__icontains (all)",
        get("datasets", django="collection__icontains,a", limit=50)),
    Ask("GET datasets?django=collection__icontains (half)",
        get("datasets", django="collection__icontains,probe", limit=50), "-, 1800, 12700"),
    Ask("GET datasets?django=collection__icontains,name",
        get("datasets", django="collection__icontains,probe01,name__icontains,clusters",
            limit=50)),
    Ask("GET files?limit=250", get("files", limit=250)),
    Ask("GET subjects?limit=50", get("subjects", limit=50), "354, 364, 368"),
    Ask("GET subjects (250)", get("subjects"), "1750, 1616, 2092"),
    Ask("GET subjects/<nick>", get("subjects/{subject}"), "314, 124, 169"),
    Ask("GET water-restricted-subjects (200)", get("water-restricted-subjects"),
        "5 each, 798, 1347"),
    Ask("GET water-requirement/<nick> (120 days)",
        get("water-requirement/{subject}", start_date="2026-01-01", end_date="2026-04-30"),
        "7, 47, 38"),
    Ask("GET water-administrations?limit=250", get("water-administrations", limit=250),
        "1 a row, 127, 128"),
    Ask("GET weighings?limit=250", get("weighings", limit=250)),
    Ask("GET api/schema", get("api/schema"), "-, 165, 153"),
]  # fmt: skip
TABLES = [
    Ask("GET cache/info, all tables anew", get("cache/info"), "-, 9000, 172000",
        is_counted=False, forgets_tables=True, most_rounds=2),
    Ask("GET cache/info after a new file", get("cache/info"), before=new_files(1)),
    Ask("GET cache/info, nothing new", get("cache/info")),
    Ask("GET cache/info, nothing new, by ETag", get("cache/info"), expects=(304,),
        says_what_it_has=True),
    Ask("GET cache.zip", get("cache.zip"), most_rounds=2),
]  # fmt: skip
WRITES = [
    Ask("POST sessions", new_session, "-, 49, 31", is_counted=False),
    Ask("POST register-file (1)", new_files(1), "-, 72, 67", is_counted=False),
    Ask("POST register-file (10)", new_files(10), "-, 456, 374", is_counted=False),
    Ask("POST weighings", new_weighing, "-, 32, 30", is_counted=False),
    Ask("PATCH sessions/<id> extended_qc", new_quality, "-, 100, 99", is_counted=False),
]
REQUESTS = [*LISTS, *TABLES, *WRITES]
