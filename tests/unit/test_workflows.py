"""The workflows: no logic, the least rights, pinned actions, and names that exist elsewhere too."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/setup-node": "820762786026740c76f36085b0efc47a31fe5020",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
}
COMMAND = re.compile(r'(make|\.venv/bin/fab) [A-Za-z0-9:="$_ -]+')
SETTINGS = tomllib.loads((ROOT / "deploy/github/settings.toml").read_text())


def workflow(file):
    return yaml.load(file.read_text(), yaml.BaseLoader)  # noqa: S506  `on` must stay a word


def _jobs():
    for file in FILES:
        for name, job in workflow(file)["jobs"].items():
            yield pytest.param(job, id=f"{file.stem}-{name}")


def _steps():
    for given in JOBS:
        for number, step in enumerate(given.values[0].get("steps", [])):
            yield pytest.param(step, id=f"{given.id}-{number}")


JOBS = list(_jobs())
STEPS = list(_steps())


def test_these_are_the_workflows():
    names = {file.stem for file in FILES}
    assert names == {"ci", "fleet", "promote-to-staging", "promote-to-production"}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_one_command_of_ours_or_one_pinned_action(step):
    if "run" in step:
        assert COMMAND.fullmatch(step["run"]), step["run"]
        assert "${{" not in step["run"]
    else:
        action, _, commit = step["uses"].partition("@")
        assert ACTIONS[action] == commit


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_left_behind_that_could_push_to_github(step):
    if step.get("uses", "").startswith("actions/checkout"):
        assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_allowed_unless_a_job_says_so(file):
    assert workflow(file)["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_has_the_least_rights_and_an_end(job):
    rights = job["permissions"]
    assert set(rights.items()) <= {("contents", "read"), ("pull-requests", "write")}
    may_propose = "propose" in str(job) or "uses" in job
    assert ("pull-requests" in rights) <= may_propose
    assert "uses" in job or 5 <= int(job["timeout-minutes"]) <= 180


@pytest.mark.parametrize("site", ["staging", "production"])
def test_one_release_at_a_time_goes_to_a_host_and_none_is_cut_off(site):
    job = workflow(ROOT / f".github/workflows/promote-to-{site}.yml")["jobs"]["release"]
    assert job["environment"] == site
    assert job["concurrency"] == {"group": f"host-{site}", "cancel-in-progress": "false"}
    assert job["if"] == f"github.ref == 'refs/heads/{site}'"
    last = job["steps"][-1]
    assert f"disconnect:{site}" in last["run"]
    assert last["if"] == "always()"


@pytest.mark.parametrize("site", ["staging", "production"])
def test_what_the_environment_holds_is_what_the_settings_name(site):
    job = workflow(ROOT / f".github/workflows/promote-to-{site}.yml")["jobs"]["release"]
    for kind, context in (("secrets", "secrets"), ("variables", "vars")):
        used = set(re.findall(rf"\${{{{ {context}\.(\w+) }}}}", str(job["steps"])))
        assert used == set(SETTINGS["environments"][site][kind])


def test_a_secret_reaches_the_step_that_needs_it_and_no_other():
    for given in STEPS:
        step = given.values[0]
        if "secrets." in str(step):
            assert ".venv/bin/fab connect:" in step["run"]


def test_the_checks_that_a_branch_asks_for_are_jobs_of_ci():
    named = set()
    for name, job in workflow(ROOT / ".github/workflows/ci.yml")["jobs"].items():
        targets = job.get("strategy", {}).get("matrix", {}).get("target", [])
        named |= {f"check: {target}" for target in targets} or {name}
    for facts in SETTINGS["branches"].values():
        assert set(facts["checks"]) <= named
