"""The pull request that promotes a branch: one, kept up to date, by GitHub's command line."""

import re


def test_the_first_green_dev_opens_a_pull_request_and_the_next_brings_it_up_to_date(work):
    work.open_github()
    work.change("Add a thing")
    code, said = work.fab("propose:staging")
    assert (code, said) == (0, "pull/1\n")
    pull = work.github["pulls"]["1"]
    assert (pull["base"], pull["head"]) == ("staging", "dev")
    assert pull["title"] == "Promote one commit to staging"
    assert re.search(r"\* [0-9a-f]+ Add a thing\n", pull["body"])

    work.change("Add another")
    assert work.fab("propose:staging")[0] == 0
    assert list(work.github["pulls"]) == ["1"]
    pull = work.github["pulls"]["1"]
    assert pull["title"] == "Promote 2 commits to staging"
    assert "Add another" in pull["body"]


def test_what_staging_has_is_proposed_to_production(work):
    work.open_github()
    work.change("Add a thing")
    work.merge("dev", "staging")
    assert work.fab("propose:production")[0] == 0
    pull = work.github["pulls"]["1"]
    assert (pull["base"], pull["head"]) == ("production", "staging")
    assert "Merge pull request" not in pull["body"]


def test_what_was_promoted_is_not_proposed_again(work):
    work.open_github()
    work.change("Add a thing")
    work.merge("dev", "staging")
    code, said = work.fab("propose:staging")
    assert code == 0
    assert "staging has everything that dev has" in said
    assert work.github["asked"] == []


def test_github_s_branches_count_and_not_those_that_lie_here(work):
    work.open_github()
    work.git("update-ref", "refs/remotes/origin/dev", work.change("Add a thing"))
    work.git("update-ref", "refs/remotes/origin/staging", work.first)
    work.change("Not yet on GitHub")
    work.fab("propose:staging")
    assert "Not yet" not in work.github["pulls"]["1"]["body"]


def test_many_commits_are_shortened(work):
    work.open_github()
    for number in range(60):
        work.commit(f"Change {number}")
    work.fab("propose:staging")
    body = work.github["pulls"]["1"]["body"]
    assert "… and 10 more" in body
    assert body.count("\n* ") == 51


def test_a_checkout_without_the_branch_says_how_to_get_it(work):
    work.git("branch", "-D", "staging")
    code, said = work.fab("propose:staging")
    assert code == 2
    assert "git fetch origin staging" in said


def test_without_gh_it_says_what_is_needed(work):
    work.change("Add a thing")
    work.programs.mkdir()
    for name in ("git", "env"):
        (work.programs / name).symlink_to(f"/usr/bin/{name}")
    code, said = work.fab("propose:staging", PATH=str(work.programs))
    assert code == 1
    assert "`gh`, GitHub's command line, is not installed" in said
    assert "Traceback" not in said


def test_what_gh_refuses_ends_it(work):
    work.open_github()
    (work.programs / "gh").write_text("#!/bin/sh\necho 'gh: set GH_TOKEN' >&2; exit 4\n")
    work.change("Add a thing")
    code, said = work.fab("propose:staging")
    assert code == 1
    assert "gh: set GH_TOKEN" in said
    assert "`gh pr list` ended with 4" in said


def test_a_dry_run_shows_the_pull_request_and_asks_nobody(work):
    work.open_github()
    work.change("Add a thing")
    code, said = work.fab("propose:staging", "--dry-run")
    assert code == 0
    assert "dev → staging: Promote one commit to staging" in said
    assert work.github["asked"] == []
