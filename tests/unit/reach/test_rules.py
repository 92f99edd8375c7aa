"""GitHub's own settings, set by `gh api` from one file, again and again the same."""

import json
import shutil
import tomllib

import pytest
from tests.unit.reach.conftest import SOURCE

HERE = "repos/{owner}/{repo}"
OURS = SOURCE / "deploy/github/settings.toml"
PATHS = {
    "users/ann": {"id": 7},
    "orgs/our-lab/teams/release-managers": {"id": 8},
    **{
        f"{HERE}/environments/{name}/{kind}": {kind: []}
        for name in ("staging", "production")
        for kind in ("secrets", "variables")
    },
    **{
        f"{HERE}/environments/{name}/deployment-branch-policies": {"branch_policies": []}
        for name in ("staging", "production")
    },
}
GIVEN = {
    "staging": (["STUDIUM_SSH_KEY"], ["STUDIUM_HOST", "STUDIUM_KNOWN_HOSTS"]),
    "production": (
        ["STUDIUM_SSH_KEY", "STAGING_SSH_KEY"],
        ["STUDIUM_HOST", "STUDIUM_KNOWN_HOSTS", "STAGING_HOST", "STAGING_KNOWN_HOSTS"],
    ),
}


@pytest.fixture
def lab(work):
    """A checkout whose settings name reviewers, and a GitHub that has nothing set."""
    (work.folder / "deploy").unlink()
    shutil.copytree(SOURCE / "deploy", work.folder / "deploy")
    file = work.folder / "deploy/github/settings.toml"
    named = 'reviewers = ["ann", "our-lab/release-managers"]  #'
    before, _, after = file.read_text().partition("[environments.production]")
    file.write_text(f"{before}[environments.production]{after.replace('reviewers = []  #', named)}")
    work.open_github(**PATHS)
    return work


def give(work):
    """Give what only a person can give."""
    github = work.github
    for name, (secrets, variables) in GIVEN.items():
        for kind, names in (("secrets", secrets), ("variables", variables)):
            there = [{"name": each} for each in names]
            github["paths"][f"{HERE}/environments/{name}/{kind}"] = {kind: there}
    (work.programs / "github.json").write_text(json.dumps(github))


def test_everything_is_set_and_what_a_person_must_give_is_named(lab):
    code, said = lab.fab("github")
    assert code == 1
    paths = lab.github["paths"]
    assert paths[f"{HERE}/actions/permissions/workflow"]["default_workflow_permissions"] == "read"
    for branch in ("dev", "staging", "production"):
        rules = paths[f"{HERE}/branches/{branch}/protection"]
        assert (rules["allow_force_pushes"], rules["enforce_admins"]) == (False, True)
    production = paths[f"{HERE}/environments/production"]
    assert production["reviewers"] == [{"type": "User", "id": 7}, {"type": "Team", "id": 8}]
    assert production["prevent_self_review"]
    policy = paths[f"{HERE}/environments/production/deployment-branch-policies"]
    assert policy["branch_policies"] == [{"name": "production"}]
    for name, (secrets, variables) in GIVEN.items():
        assert all(f"gh secret set {each} --env {name}" in said for each in secrets)
        assert all(f"gh variable set {each} --env {name}" in said for each in variables)


def test_a_second_run_leaves_everything_as_it_is(lab):
    lab.fab("github")
    give(lab)
    first = lab.github["paths"]
    code, said = lab.fab("github")
    assert code == 0, said
    assert lab.github["paths"] == first
    assert "POST" not in said


def test_a_branch_that_somebody_let_in_is_not_overlooked(lab):
    lab.fab("github")
    github = lab.github
    path = f"{HERE}/environments/production/deployment-branch-policies"
    github["paths"][path]["branch_policies"].append({"name": "anything"})
    (lab.programs / "github.json").write_text(json.dumps(github))
    code, said = lab.fab("github")
    assert code == 1
    assert "production also takes the branch 'anything'" in said


def test_a_production_that_nobody_guards_is_refused(work):
    work.open_github(**PATHS)
    code, said = work.fab("github")
    assert code == 2
    assert "nobody is named who lets a release into production" in said
    assert work.github["asked"] == []


def test_a_dry_run_prints_every_call_and_makes_none(lab):
    code, said = lab.fab("github", "--dry-run")
    assert code == 0, said
    assert said.count("PUT ") == 6
    assert lab.github["asked"] == []


def test_no_secret_s_value_is_in_the_file():
    facts = tomllib.loads(OURS.read_text())
    names = {each for one in facts["environments"].values() for each in one["secrets"]}
    assert names == {"STUDIUM_SSH_KEY", "STAGING_SSH_KEY"}
