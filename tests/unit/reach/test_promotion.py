"""A commit goes from site to site, and only when the one before has it live and well."""

import pytest


def test_staging_takes_what_it_is_given_and_says_that_it_is_live(work):
    commit = work.change("Add a thing")
    work.is_live("staging", commit)
    code, said = work.fab("promote:staging", "--ref", commit)
    assert code == 0, said
    assert work.has("staging") == commit
    assert f"staging has {commit[:12]} live, and is ready" in said


def test_production_takes_what_is_live_on_staging(work):
    commit = work.change("Add a thing")
    work.is_live("staging", commit)
    work.is_live("production", commit)
    code, said = work.fab("promote:production", "--ref", commit)
    assert code == 0, said
    assert work.has("production") == commit


def test_production_refuses_what_staging_has_not(work):
    commit = work.change("Add a thing")
    code, said = work.fab("promote:production", "--ref", commit)
    assert code == 1
    assert "is not live on staging, which has" in said
    assert f"fab promote:staging --ref={commit[:12]}" in said
    assert work.has("production") == ""


def test_production_refuses_what_staging_had_before(work):
    earlier = work.change("Add a thing")
    work.is_live("staging", work.change("Add another"))
    code, said = work.fab("promote:production", "--ref", earlier)
    assert code == 1
    assert "staging has gone on since" in said
    assert work.has("production") == ""


def test_a_merge_that_brings_what_staging_has_and_nothing_else_is_the_same_content(work):
    live = work.change("Add a thing")
    merged = work.merge("dev", "production")
    work.is_live("staging", live)
    work.is_live("production", merged)
    code, said = work.fab("promote:production", "--ref", merged)
    assert code == 0, said
    assert work.has("production") == merged


def test_a_merge_that_brings_something_of_its_own_is_refused(work):
    live = work.change("Add a thing")
    work.git("checkout", "-q", "production")
    (work.folder / "hot").write_text("a fix that nobody has tried")
    work.git("add", "hot")
    work.commit("Mend it at once")
    merged = work.merge("dev", "production")
    work.is_live("staging", live)
    code, said = work.fab("promote:production", "--ref", merged)
    assert code == 1
    assert "is not live on staging" in said
    assert work.has("production") == ""


def test_a_commit_that_merely_looks_the_same_is_not_what_staging_has(work):
    work.is_live("staging", work.change("Add a thing"))
    commit = work.commit("Say it again, with an empty commit")
    code, said = work.fab("promote:production", "--ref", commit)
    assert code == 1
    assert "(Say it again, with an empty commit) is not live on staging" in said
    assert work.has("production") == ""


@pytest.mark.parametrize("health", ["failing", "no answer"])
def test_a_staging_that_is_not_well_proves_nothing(work, health):
    work.is_live("staging", work.first, health={"status": health})
    code, said = work.fab("promote:production", "--ref", work.first)
    assert code == 1
    assert f"staging is not well ({health})" in said


def test_a_staging_that_says_nothing_proves_nothing(work):
    work.answer("staging", "status", "I am a teapot")
    code, said = work.fab("promote:production", "--ref", work.first)
    assert code == 1
    assert "does not say what is live" in said


def test_a_push_that_is_refused_is_not_verified(work):
    hook = work.site("staging") / "repository.git/hooks/update"
    hook.write_text("#!/bin/sh\necho 'this is no good' >&2; exit 1\n")
    hook.chmod(0o755)
    commit = work.change("Add a thing")
    code, said = work.fab("promote:staging", "--ref", commit)
    assert code == 1
    assert "this is no good" in said
    assert not (work.site("staging") / "bootstrap/pipeline/told").exists()


def test_a_verdict_is_waited_for(work):
    commit = work.change("Add a thing")
    facts = {"commit": work.first, "health": {"status": "ready"}, "url": "x"}
    done = facts | {"commit": commit, "busy": None}
    work.answer("staging", "status", facts | {"busy": "ann since 12:00"}, done)
    code, said = work.fab("verify:staging", "--ref", commit)
    assert code == 0, said


def test_a_site_that_stays_busy_is_not_waited_for_for_ever(work):
    work.is_live("staging", work.first, busy="ann since 12:00")
    code, said = work.fab("verify:staging", "--ref", work.first, "--wait", "0")
    assert code == 1
    assert "is still busy after 0 s: ann since 12:00" in said


def test_the_ledger_says_why_a_commit_is_not_live(work):
    commit = work.change("Add a thing")
    row = {"to": commit, "outcome": "failed", "reason": "the sky fell"}
    work.answer("staging", "log", [{"to": work.first, "outcome": "live"}, row])
    code, said = work.fab("verify:staging", "--ref", commit)
    assert code == 1
    assert f"live, not {commit[:12]}: failed: the sky fell" in said


def test_what_has_no_place_in_the_order_is_not_promoted(work):
    (work.folder / ".studium/staging/site.toml").write_text('name = "clinic"\nbranch = "clinic"\n')
    code, said = work.fab("promote", "clinic")
    assert code == 2
    assert "the order is dev, staging, production" in said


def test_the_dry_run_of_a_promotion_pushes_nothing(work):
    code, said = work.fab("promote:production", "--ref", work.first, "--dry-run")
    assert code == 0, said
    assert "push" in said
    assert work.has("production") == ""
