"""Vassals as the pipeline writes them, and the words of a process."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from drift import running, units
from drift.store import Declared, Wanted
from drift.validate import LISTENS, _elsewhere
from pipeline import site as sites
from pipeline import vassals

EXAMPLE = Path(__file__).parents[3] / "deploy" / "site.example.toml"
ID = "20261121T093000123456Z-0123456789ab"


@dataclass(frozen=True)
class Release:
    id: str
    folder: Path
    environment: Path = Path("/srv/studium/cache/environments/x")
    commit: str = "0" * 40

    def variables(self, site):
        return site.variables()


@pytest.fixture
def vassal(tmp_path):
    given = '[folders]\nrun = "/run/studium"\n[web]\nsocket_owner = "studium:www-data"\n'
    (tmp_path / "site.toml").write_text(given)
    site = sites.load(tmp_path / "site.toml")
    return vassals.text(site, Release(ID, Path("/srv/studium/releases", ID)), ID)


def findings(text, **facts):
    wanted = {"processes": "2", "chown-socket": "studium:www-data", **facts}
    return [one.what for one in running._vassal("/v.ini", ID, ID, text, wanted)]


def test_a_vassal_as_the_pipeline_writes_it_is_no_drift(vassal):
    assert findings(vassal) == []


def test_the_known_options_are_those_that_the_pipeline_writes(vassal):
    written = {line.partition(" = ")[0] for line in vassal.splitlines() if " = " in line}
    assert written == running.VASSAL_KEYS


def test_an_option_by_hand_is_found(vassal):
    (told,) = findings(vassal + "hook-post-app = exec:id\n")
    assert told == "has the option hook-post-app, which the pipeline never writes"


def test_another_number_of_processes_is_found(vassal):
    assert findings(vassal.replace("processes = 2", "processes = 9")) == [
        "processes is 9, declared is 2"
    ]


def test_a_vassal_that_runs_other_code_is_found(vassal):
    (told,) = findings(vassal.replace("module = config.wsgi", "module = evil"))
    assert told == "module is evil, declared is config.wsgi"


def test_words_that_came_and_went_are_told_apart():
    told = running._words(["uwsgi", "--ini", "a"], ["uwsgi", "--ini", "b"])
    assert told == ("-a", "+b")


def test_a_folder_of_drop_ins_is_no_unit_and_a_template_runs_as_another():
    names = ("x.service", "y@.service", "nginx.service.d", "nginx.service.d/z.conf")
    kinds = {name: "folder" if name.endswith(".d") else "file" for name in names}
    found = {f"/etc/systemd/system/{name}": Wanted(name, kinds[name]) for name in names}
    assert units.ours(Declared(files=found, units={"cron.service": {}})) == [
        "cron.service",
        "x.service",
    ]


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        (b"    listen 80 default_server;", b"    listen 20080 default_server;"),
        (b"    listen [::]:443 ssl http2;", b"    listen [::]:20443 ssl http2;"),
        (b"    listen 10.0.0.1:8443 ssl;", b"    listen 10.0.0.1:28443 ssl;"),
        (b"    listen unix:/run/x.sock;", b"    listen unix:/run/x.sock;"),
    ],
)
def test_a_tree_of_nginx_is_tested_at_other_ports(line, moved):
    assert LISTENS.sub(_elsewhere, line) == moved
