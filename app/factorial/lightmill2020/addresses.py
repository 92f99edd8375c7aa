"""The addresses of the protocol, for all labs and for one."""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from factorial.lightmill2020 import looking, table, taking


class Id(StringConverter):
    """An id of a design's file: it may hold spaces, and no slash."""


register_converter(Id, "lightmill_id")

XP = "<lightmill_id:experiment>"
RUN = f"{XP}/<lightmill_id:run>"
API = [
    ("experiments", looking.experiments, "experiments"),
    ("import", taking.import_, "import"),
    (f"experiment/{XP}", looking.experiment, "experiment"),
    (f"experiment/{XP}/available_run", looking.available_run, "available-run"),
    (f"run/{RUN}", looking.run, "run"),
    (f"run/{RUN}/plan", looking.plan, "plan"),
    (f"run/{RUN}/current_trial", looking.current_trial, "current-trial"),
    (f"run/{RUN}/next_trial", looking.next_trial, "next-trial"),
    (f"run/{RUN}/lock", taking.lock, "lock"),
    (f"run/{RUN}/unlock", taking.unlock, "unlock"),
    (f"block/{RUN}/<int:block>", looking.block, "block"),
    (f"trial/{RUN}/<int:block>/<int:trial>", taking.trial, "trial"),
]


def of(prefix: str, ending: str = "") -> list[URLPattern]:
    """Return the addresses under a prefix; what is named ends differently for one lab."""
    api = [path(f"{prefix}api/{way}", view, name=f"{name}{ending}") for way, view, name in API]
    return [*api, path(f"{prefix}experiment/{XP}.csv", table.results, name=f"results{ending}")]


app_name = "lightmill2020"
urlpatterns = [*of(""), *of("<slug:lab>/", "-of-lab")]
