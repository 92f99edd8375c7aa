"""Back to a kept release, quickly, and never at the price of data."""

from tests.pipeline.ground import ADD, DROP, migration


def released(work, subject):
    commit = work.commit(subject)
    told = work.push()
    assert told.code == 0, told.text
    return commit


def test_a_rollback_makes_the_release_before_live_and_pushes_go_on_from_it(ground, work):
    first = released(work, "First")
    second = released(work, "Second")
    told = ground.roll_back("--reason", "second thoughts")
    assert told.code == 0, told.text
    ground.assert_whole(first)
    row = ground.rows[-1]
    assert (row["kind"], row["outcome"]) == ("rollback", "rolled back")
    assert (row["from"], row["to"]) == (second, first)
    assert row["options"] == {"reason": "second thoughts"}
    work.back_to(first)
    ground.assert_whole(released(work, "Better"))


def test_a_rollback_to_a_commit_and_forward_again(ground, work):
    first, second = released(work, "Older"), released(work, "Newer")
    assert ground.roll_back("--to", first[:12]).code == 0
    ground.assert_whole(first)
    told = ground.roll_back("--to", second[:12])
    assert told.code == 0, told.text
    ground.assert_whole(second)


def test_a_rollback_can_be_asked_what_it_would_do(ground, work):
    released(work, "Stay")
    name = migration(work, "size", ADD.format(name="size"))
    released(work, "Add only")
    before = ground.state()
    told = ground.roll_back("--dry-run")
    assert told.code == 0, told.text
    assert f"stays applied, only adds: {name}" in told.text
    assert ground.state() == before
    assert ground.roll_back().code == 0
    forward = ground.rows[-1]["from"]
    assert ground.roll_back("--to", forward).code == 0


def test_a_rollback_that_would_lose_data_is_refused(ground, work):
    migration(work, "weight", ADD.format(name="weight"))
    released(work, "Add a weight")
    late = migration(work, "no_weight", DROP.format(name="weight"), late=True)
    released(work, "Drop it late")
    before = ground.state()
    for words in (["--dry-run"], []):
        told = ground.roll_back(*words)
        assert told.code != 0
        assert "would lose data" in told.text
        assert late in told.text
    after = ground.state()
    assert {name: after[name] for name in before if name != "vassals"} == {
        name: before[name] for name in before if name != "vassals"
    }
    released(work, "Go on from here")


def test_a_release_that_is_not_kept_gets_the_list(ground, work):
    released(work, "Another to choose")
    told = ground.roll_back("--to", "feedbeef")
    assert told.code != 0
    assert "keeps no release 'feedbeef'" in told.text
    assert str(ground.site.live_release())[:8] in told.text
