import json
from pathlib import Path

import pytest

from pipeline import migrations, rollback
from pipeline.errors import Refused
from pipeline.releases import Release
from pipeline.runner import RecordingRunner

GHOST = {"migration": "lab.0009", "kind": "ghost", "message": "It is gone.", "remedy": "Merge."}
CUT = {"migration": "lab.0002", "kind": "contracting", "message": "It drops.", "remedy": "late."}


def plan(**facts):
    return json.dumps({"early": [], "late": [], "ghosts": [], "refusals": []} | facts)


def made(site, name):
    folder = site.releases / name
    folder.mkdir(parents=True)
    release = Release(name, name[-12:] + "0" * 28, folder, Path("/env"), Path("/lib"))
    release.save()
    return release


def test_every_refusal_is_told_with_its_remedy():
    wanted = migrations.Plan((), (), (), (GHOST, CUT))
    with pytest.raises(Refused, match=r"lab.0009: It is gone. Merge.\nlab.0002: It drops. late."):
        migrations.check(wanted, {})


def test_the_option_allows_contracting_and_nothing_else():
    migrations.check(migrations.Plan((), (), (), (CUT,)), {"allow-contracting": "why"})
    with pytest.raises(Refused, match=r"lab\.0009"):
        migrations.check(migrations.Plan((), (), (), (GHOST, CUT)), {"allow-contracting": "why"})


def test_a_rollback_keeps_what_only_added(site):
    old, new = made(site, "20260101T0Z-aaaaaaaaaaaa"), made(site, "20260102T0Z-bbbbbbbbbbbb")
    site.live.symlink_to(new.folder)
    answers = {
        f"{old.manage} migration_plan": plan(ghosts=["lab.0002"]),
        "--describe": json.dumps({"lab.0002": {"late": False, "reversible": True}}),
    }
    wanted = rollback.plan(site, RecordingRunner(answers), rollback.target_of(site, None))
    assert wanted.refusal == ""
    assert "  stays applied, only adds: lab.0002" in wanted.says


def test_a_rollback_that_would_lose_data_is_refused(site):
    old, new = made(site, "20260101T0Z-aaaaaaaaaaaa"), made(site, "20260102T0Z-bbbbbbbbbbbb")
    site.live.symlink_to(new.folder)
    answers = {
        f"{old.manage} migration_plan": plan(ghosts=["lab.0003"]),
        "--describe": json.dumps({"lab.0003": {"late": True, "reversible": True}}),
    }
    wanted = rollback.plan(site, RecordingRunner(answers), old)
    assert "would lose data: lab.0003" in wanted.refusal


def test_a_rollback_goes_to_the_release_before_the_live_one(site):
    names = [f"2026010{day}T0Z-aaaaaaaaaaaa" for day in (1, 2, 3)]
    releases = [made(site, name) for name in names]
    site.live.symlink_to(releases[1].folder)
    assert rollback.target_of(site, None) == releases[0]


def test_an_unknown_target_is_refused_with_the_kept_ones(site):
    made(site, "20260101T0Z-aaaaaaaaaaaa")
    with pytest.raises(Refused, match="20260101T0Z-aaaaaaaaaaaa"):
        rollback.target_of(site, "nothing")


def test_a_site_with_one_release_has_nowhere_to_go(site):
    only = made(site, "20260101T0Z-aaaaaaaaaaaa")
    site.live.symlink_to(only.folder)
    with pytest.raises(Refused, match="keeps no other release"):
        rollback.target_of(site, None)
