"""The fabfile turns names into places and exit codes into verdicts."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fabfile
import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from reach import places

SOURCE = Path(fabfile.__file__).parent
PIPELINE = """
import json, os, pathlib, sys
told = pathlib.Path(__file__).with_name("told.jsonl")
with told.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if "--pack" in sys.argv:
    told.with_name("pack").write_bytes(sys.stdin.buffer.read())
sys.exit(int(os.environ.get("PIPELINE_EXIT", "0")))
"""


def write_site(file, name, *, remote="pn-staging", ssh="", site_file=""):
    file.parent.mkdir(parents=True, exist_ok=True)
    branch = "staging" if name == "staging" else "production"
    reach = f'remote = "{remote}"\nssh = "{ssh}"\nsite_file = "{site_file}"\n'
    file.write_text(f'name = "{name}"\nbranch = "{branch}"\n[reach]\n{reach}')
    return file


def git(folder, *words):
    who = ["-c", "user.name=Alice", "-c", "user.email=alice@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path):
    """A checkout with one commit, a laptop's staging site and a server called production."""
    root = tmp_path / "checkout"
    root.mkdir()
    shutil.copy(SOURCE / "fabfile.py", root)
    (root / "deploy").symlink_to(SOURCE / "deploy")
    git(root, "init", "--quiet", "--initial-branch=dev")
    git(root, "commit", "--quiet", "--allow-empty", "--message=First light")
    local = write_site(root / ".studium" / "staging" / "site.toml", "staging")
    write_pipeline(local.parent / "bootstrap")
    git(local.parent, "init", "--quiet", "--bare", "repository.git")
    write_site(
        root / "sites" / "production.toml",
        "production",
        remote="pn-production",
        ssh="deploy@lab.example.org",
        site_file="/srv/studium/site.toml",
    )
    return root


def write_pipeline(folder):
    package = folder / "pipeline"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PIPELINE)


@pytest.fixture
def here(project, monkeypatch):
    monkeypatch.setattr(fabfile, "PROJECT", project)
    return project


def fab(project, *words, **variables):
    """Run the real `fab` in the checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        [Path(sys.executable).with_name("fab"), *words],
        cwd=project,
        env=clean | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def told(project):
    file = project / ".studium" / "staging" / "bootstrap" / "pipeline" / "told.jsonl"
    return file.read_text() if file.exists() else ""


def pack_of(project):
    return (project / ".studium/staging/bootstrap/pipeline/pack").read_bytes()


# --- names ----------------------------------------------------------------------------------------
def test_every_verb_is_listed_with_and_without_its_site(project):
    listed = {line.split()[0] for line in fab(project, "--list").stdout.splitlines() if line[:3]}
    verbs = {verb.__name__ for verb in fabfile.VERBS}
    wanted = {f"{verb}:{site}" for verb in verbs for site in ("staging", "production")}
    assert verbs | wanted | {"remotes"} <= listed


@pytest.mark.parametrize("words", [["deploy:stagign"], ["deploy", "stagign"]])
def test_a_wrong_name_gives_the_list(project, words):
    answer = fab(project, *words)
    assert answer.returncode == fabfile.WRONG_USE
    assert "There is no site 'stagign'. There are: production, staging." in answer.stderr


def test_without_any_site_the_answer_says_how_to_get_one(project):
    shutil.rmtree(project / ".studium")
    shutil.rmtree(project / "sites")
    answer = fab(project, "status:staging")
    assert answer.returncode == fabfile.WRONG_USE
    assert "`make up` builds staging and production" in answer.stderr


def test_a_site_of_another_name_gets_its_own_tasks(project):
    write_site(project / "sites" / "clinic.toml", "clinic", remote="pn-clinic")
    assert "deploy:clinic" in fab(project, "--list").stdout


def test_options_in_the_old_colon_form_are_explained(project):
    answer = fab(project, "deploy:site=staging,ref=x")
    assert answer.returncode == fabfile.WRONG_USE
    assert "Options follow as words" in answer.stderr


def test_two_files_with_one_name_are_refused(here):
    write_site(here / "sites" / "other.toml", "staging")
    with pytest.raises(Exit, match="both called 'staging'"):
        fabfile.find("staging")


def test_a_broken_file_is_refused_with_its_key_and_spoils_no_other_site(project):
    (project / "sites" / "production.toml").write_text('name = "production"\nbranhc = "x"\n')
    assert "unknown key 'branhc'" in fab(project, "status:production").stderr
    assert fab(project, "status:staging").returncode == 0


# --- where a verb runs ----------------------------------------------------------------------------
def test_a_verb_asks_the_sites_own_pipeline(project):
    answer = fab(project, "status:staging", "--json")
    assert answer.returncode == 0, answer.stderr
    assert '["status", "--site", "' in told(project)
    assert '"--json"]' in told(project)


def test_the_verdict_of_the_site_is_the_exit_code(project):
    assert fab(project, "status", "staging", PIPELINE_EXIT="4").returncode == 4


def test_a_refusal_keeps_the_next_task_of_the_line_from_running(project):
    fab(project, "status:staging", "log:staging", PIPELINE_EXIT="1")
    assert '"status"' in told(project)
    assert '"log"' not in told(project)


def test_the_live_release_comes_before_the_first_pipeline(here):
    path = fabfile.find("production").pipeline("status")[1]
    assert path == "PYTHONPATH=/srv/studium/live/deploy:/srv/studium/bootstrap"


def test_a_dry_run_prints_the_command_as_one_would_type_it(here, capsys):
    fabfile.status(Context(), "production", dry_run=True)
    printed = capsys.readouterr().out
    assert printed.startswith(
        "ssh ssh://deploy@lab.example.org 'env PYTHONPATH=/srv/studium/live/deploy"
    )
    assert printed.rstrip().endswith("-m pipeline status --site /srv/studium/site.toml'")


def test_a_host_without_the_path_of_its_site_file_is_refused(here):
    write_site(here / "sites" / "clinic.toml", "clinic", ssh="deploy@clinic.example.org")
    with pytest.raises(Exit, match=r"reach\.site_file must be the absolute path"):
        fabfile.status(Context(), "clinic", dry_run=True)


def test_drift_asks_the_host_and_sends_it_nothing(here, capsys):
    fabfile.drift(Context(), site="production", apply=True, dry_run=True)
    assert capsys.readouterr().out == (
        "ssh ssh://deploy@lab.example.org 'studium-drift ask --apply'\n"
    )


def test_drift_of_a_site_on_this_machine_is_refused(project):
    done = fab(project, "drift:staging")
    assert done.returncode == 2
    assert "nothing is declared for it" in done.stderr


def test_words_for_a_management_command_stay_words(here, capsys):
    fabfile.manage(Context(), "staging", "loaddata 'two words'", dry_run=True)
    assert capsys.readouterr().out.rstrip().endswith("loaddata 'two words'")


# --- deploy ---------------------------------------------------------------------------------------
def test_a_deploy_pushes_the_branch_of_the_sites_name(project):
    git(project, "branch", "staging")
    answer = fab(project, "deploy:staging")
    assert answer.returncode == 0, answer.stderr
    pushed = git(project / ".studium" / "staging" / "repository.git", "rev-parse", "staging")
    assert pushed == git(project, "rev-parse", "staging")
    assert "First light" in answer.stdout


def test_without_such_a_branch_a_deploy_pushes_head(here, capsys):
    fabfile.deploy(Context(), "staging", dry_run=True)
    printed = capsys.readouterr().out
    assert "HEAD: " in printed
    assert f"{git(here, 'rev-parse', 'HEAD')}:refs/heads/staging" in printed


def test_a_deploy_says_what_it_leaves_behind(here, capsys):
    git(here, "branch", "staging")
    git(here, "commit", "--quiet", "--allow-empty", "--message=Second light")
    fabfile.deploy(Context(), "staging", dry_run=True)
    assert "HEAD is 1 ahead of it" in capsys.readouterr().out


def test_a_commit_that_is_not_there_is_refused(here):
    with pytest.raises(Exit, match="has no commit 'v9'"):
        fabfile.deploy(Context(), "staging", ref="v9", dry_run=True)


def test_push_options_reach_git_one_by_one(project):
    options = ["--option", "backup-first=new column", "--option", "new-environment=gcc"]
    printed = fab(project, "deploy:staging", *options, "--dry-run").stdout
    assert " push -o 'backup-first=new column' -o new-environment=gcc" in printed


def test_a_refused_push_is_a_failed_deploy(project):
    hook = project / ".studium" / "staging" / "repository.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'staging is busy: bob is releasing'\nexit 1\n")
    hook.chmod(0o755)
    answer = fab(project, "deploy:staging")
    assert answer.returncode == 1
    assert "staging is busy: bob is releasing" in answer.stderr


def test_a_plan_takes_the_commit_there_and_moves_no_branch(project):
    repository = project / ".studium" / "staging" / "repository.git"
    answer = fab(project, "plan:staging")
    assert answer.returncode == 0, answer.stderr
    commit = git(project, "rev-parse", "HEAD")
    assert git(repository, "for-each-ref") == ""
    assert f'"--pack", "--", "{commit}"]' in told(project)
    assert (len(told(project).splitlines()), pack_of(project)[:4]) == (1, b"PACK")


def test_a_plan_takes_along_only_what_the_site_lacks(here):
    git(here, "push", "--quiet", ".studium/staging/repository.git", "HEAD:refs/heads/staging")
    git(here, "commit", "--quiet", "--allow-empty", "--message=Second light")
    target, commit = fabfile.find("staging"), git(here, "rev-parse", "HEAD")
    pack = fabfile.checkout().missing_objects(target, commit)
    assert int.from_bytes(pack[8:12], "big") == 1


# --- rollback -------------------------------------------------------------------------------------
def test_a_rollback_shows_its_plan_and_waits_for_a_yes(project):
    answer = fab(project, "rollback:staging", "--to=R1")
    assert answer.returncode == fabfile.WRONG_USE
    assert "add --yes" in answer.stderr
    assert len(told(project).splitlines()) == 1
    assert '"--dry-run"' in told(project)


def test_a_confirmed_rollback_follows_its_plan(project):
    assert fab(project, "rollback:staging", "--to=R1", "--yes").returncode == 0
    shown, done = told(project).splitlines()
    assert '"--to=R1", "--dry-run"]' in shown
    assert '"--to=R1"]' in done


def test_a_rollback_that_would_lose_data_is_not_begun(project):
    answer = fab(project, "rollback:staging", "--yes", PIPELINE_EXIT="1")
    assert answer.returncode == 1
    assert len(told(project).splitlines()) == 1


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y", True), ("Yes ", True), ("", False), ("n", False)]
)
def test_only_a_clear_yes_goes_on(monkeypatch, answer, goes_on):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    if goes_on:
        fabfile.confirm("Go back?")
    else:
        with pytest.raises(Exit, match="Nothing was changed"):
            fabfile.confirm("Go back?")


# --- maintenance and remotes ----------------------------------------------------------------------
def test_an_unknown_maintenance_mode_gives_the_list(project):
    answer = fab(project, "maintenance:staging", "perhaps")
    assert answer.returncode == fabfile.WRONG_USE
    assert "There are: on, off, no-upload." in answer.stderr


def test_maintenance_carries_its_message(project):
    fab(project, "maintenance", "staging", "on", "--message=-- back at 'noon'")
    assert """"--message=-- back at 'noon'", "--", "on"]""" in told(project)


def test_remotes_make_the_described_push_work(project):
    git(project, "branch", "staging")
    assert fab(project, "remotes").returncode == 0
    there = "ssh://deploy@lab.example.org/srv/studium/repository.git"
    assert git(project, "remote", "get-url", "pn-production") == there
    git(project, "push", "--quiet", "pn-staging", "staging")
    assert fab(project, "remotes").returncode == 0


def test_a_remote_that_points_elsewhere_is_corrected(project):
    git(project, "remote", "add", "pn-staging", "/nowhere")
    fab(project, "remotes")
    assert git(project, "remote", "get-url", "pn-staging").endswith("/staging/repository.git")


def test_a_deploy_never_follows_a_remote_that_points_elsewhere(here, capsys):
    git(here, "remote", "add", "pn-staging", "/nowhere")
    fabfile.deploy(Context(), "staging", dry_run=True)
    assert f" push {here}/.studium/staging/repository.git " in capsys.readouterr().out


def test_a_host_that_cannot_be_reached_is_named_with_the_remedy(here):
    with (
        pytest.raises(Exit, match=r"`ssh deploy@host` shows which"),
        places.reaching("deploy@host"),
    ):
        raise OSError("connection refused")
