"""A push is accepted if and only if the new release is live and healthy."""

from tests.pipeline.ground import run


def test_the_first_push_makes_a_site(first_push, ground):
    told = first_push["told"]
    assert told.code == 0, told.text
    assert ground.ask("/health/").status == 200


def test_a_good_push_is_live_when_it_returns(ground, work):
    before = ground.site.live_release()
    commit = work.commit("Say nothing new")
    told = work.push()
    assert told.code == 0, told.text
    ground.assert_whole(commit)
    row = ground.rows[-1]
    assert (row["kind"], row["outcome"], row["to"]) == ("push", "live", commit)
    assert row["subject"] == "Say nothing new"
    assert {"build", "check", "boot", "probe", "switch", "drain"} <= {
        s["name"] for s in row["steps"]
    }
    assert ground.site.live_release() != before
    assert "Say nothing new" in told.text


def test_a_release_is_read_only_and_small(ground, work):
    work.commit("Measure me")
    assert work.push().code == 0
    folder = ground.site.live.resolve()
    writable = [
        path for path in folder.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o222
    ]
    assert writable == []
    size = int(run("du", "-sk", folder).text.split()[0]) / 1024
    assert size < 30


def test_a_release_can_be_made_while_visitors_are_kept_out(ground, work):
    commit = work.commit("Mend what the site was closed for")
    ground.pipeline("maintenance", "on", check=True)
    try:
        told = work.push()
        assert told.code == 0, told.text
        assert ground.ask("/").status == 503
    finally:
        ground.pipeline("maintenance", "off", check=True)
    assert ground.ask("/").status == 200
    ground.assert_whole(commit)


def test_nothing_to_push_is_no_release(ground, work):
    rows = len(ground.rows)
    told = work.push()
    assert told.code == 0
    assert "Everything up-to-date" in told.text
    assert len(ground.rows) == rows
