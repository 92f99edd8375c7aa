"""What outside tests of the protocol are offered, and that no site offers it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories import designs, lightmill
from tests.factories.lightmill import Api, refused

from factorial.models import Design, Host, LogRun, PlannedRun, Session
from runs.models import Run, Trial

PROJECT = Path(__file__).resolve().parents[4]
ASK = """
import django
django.setup()
from django.conf import settings
from django.test import Client
found = [Client().post(path, "{}", content_type="application/json", headers={"host": "localhost"})
         .status_code for path in ("/__hook__/reset", "/lightmill/__hook__/reset",
                                   "/__hook__/attach", "/lightmill/__hook__/attach")]
print(found, settings.LIGHTMILL_HOOKS, settings.LIGHTMILL_OPEN_HOST)
"""


def hook(api, name, root="", **given):
    path = f"{root}/__hook__/{name}"
    answer = api.client.post(path, json.dumps(given), content_type="application/json")
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("root", ["", "/lightmill"])
def test_a_reset_empties_all_and_makes_one_host(host, api, run, root):
    api.add(run, 1)
    hook(api, "reset", root, hostUser="host user", hostPassword="host: password")
    for model in (LogRun, Session, Design, Run, Trial):
        assert not model.objects.exists()
    new = Api().begin("host", Authorization=lightmill.basic("host user", "host: password"))
    assert new.new_experiment("pointing")
    assert refused(Api().post("/sessions", lightmill.session("host")))[0] == 403


def test_a_reset_without_a_password_lets_anybody_be_host(db):
    hook(Api(), "reset", hostUser="host", hostPassword=None)
    assert Api().begin("host").new_experiment("pointing")


def test_a_reset_leaves_designs_and_what_others_did(host, project, alice, api):
    design = designs.design(project, alice)
    api.new_run(str(design.pk), "S0")
    designs.held(design, "S1")
    hook(api, "reset", hostUser="host", hostPassword=None)
    assert Run.objects.get().planned_run.code == "S1"
    assert PlannedRun.objects.filter(run=None).count() == 1
    assert not Host.objects.exclude(user="host").exists()


def test_runs_are_put_into_a_session_and_others_taken_out(experiment, api, run):
    runs = [Api().begin().new_run(experiment, f"S{number}") for number in (2, 3)]
    cookie = api.client.cookies["lightmill-session-id"].value
    for form in (cookie, f"lightmill-session-id={cookie}; Path=/"):
        hook(api, "attach", cookie=form, runs=runs)
        assert [one["id"] for one in api.get("/runs").json()["data"]] == runs
    assert refused(api.patch(runs[0], status="interrupted")) == (403, "ONGOING_RUNS")


def test_no_site_offers_the_hooks_or_a_host_without_a_password(tmp_path):
    for settings in ("config.settings.development", "config.settings.deployed"):
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": settings,
            "STUDIUM_SECRET_KEY": "x" * 60,
            "STUDIUM_STATE": str(tmp_path),
            "STUDIUM_HOSTS": "localhost",
            "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
            "PYTHONPATH": f"{PROJECT / 'app'}:{PROJECT / 'deploy'}",
        }
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", ASK], env=environment,
                              check=True, stdout=subprocess.PIPE, text=True)  # fmt: skip
        assert done.stdout.splitlines()[-1] == "[404, 404, 404, 404] False False"
