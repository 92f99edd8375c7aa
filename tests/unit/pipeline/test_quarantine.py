"""A commit that nobody has pushed can be looked at, and leaves nothing behind."""

import os
import subprocess

import pytest

from pipeline import quarantine
from pipeline.errors import Refused
from pipeline.git import Repository


@pytest.fixture
def there(site):
    subprocess.run(["git", "init", "-q", "--bare", site.repository], check=True)
    return Repository(site.repository)


@pytest.fixture
def pack(tmp_path):
    """Pack what was named of the work tree into a file that can be read."""

    def make(*revisions):
        file = tmp_path / "pack"
        words = ["git", "-C", tmp_path / "tree", "pack-objects", "--revs", "--stdout", "-q"]
        with file.open("wb") as out:
            told = "\n".join(revisions).encode() + b"\n"
            subprocess.run(words, input=told, stdout=out, check=True)
        return file

    return make


def look(site, file):
    """Unpack a file as a plan does, and do nothing with it."""
    with file.open("rb") as stream, quarantine.quarantined(site, stream):
        pass


def objects(site):
    return {str(path) for path in (site.repository / "objects").rglob("*")}


def test_the_commit_is_seen_meanwhile_and_then_no_more(site, there, commit, pack):
    name, before = commit(readme="x"), objects(site)
    with pack(name).open("rb") as stream, quarantine.quarantined(site, stream):
        assert there.commit_of(name) == name
        assert there.subject(name) == "A change"
    assert there.commit_of(name) == "0" * 40
    assert objects(site) == before
    assert not [word for word in os.environ if word in quarantine.QUARANTINE]


def test_only_what_the_site_lacks_must_come(site, there, commit, pack, git):
    first = commit(readme="x")
    git("push", "-q", str(site.repository), "dev")
    second = commit(readme="y")
    with pack(second, f"^{first}").open("rb") as stream, quarantine.quarantined(site, stream):
        assert there.commits(first, second) == [f"+ {second[:7]} A change"]


def test_a_site_that_has_it_already_needs_nothing(site, there, commit, pack, git):
    name = commit(readme="x")
    git("push", "-q", str(site.repository), "dev")
    with pack(name, f"^{name}").open("rb") as stream, quarantine.quarantined(site, stream):
        assert there.commit_of(name) == name


def test_what_went_wrong_meanwhile_leaves_nothing_either(site, there, commit, pack):
    name, before = commit(readme="x"), objects(site)
    stream = pack(name).open("rb")
    with pytest.raises(KeyError), stream, quarantine.quarantined(site, stream):
        raise KeyError(name)
    assert objects(site) == before


@pytest.mark.parametrize(
    "broken", [b"", b"PACK", b"not a pack at all", b"PACK\0\0\0\2\0\0\xff\xff"]
)
def test_what_is_no_pack_is_refused_and_leaves_nothing(site, there, broken, tmp_path):
    before = objects(site)
    (tmp_path / "broken").write_bytes(broken)
    with pytest.raises(Refused, match="not arrive whole"):
        look(site, tmp_path / "broken")
    assert objects(site) == before


def test_more_than_a_push_may_bring_is_refused(site, there, commit, pack, monkeypatch):
    monkeypatch.setattr(quarantine, "MOST_BYTES", 50)
    file = pack(commit(readme="x" * 1000))
    with pytest.raises(Refused, match="exceeds"):
        look(site, file)


def test_a_commit_whose_files_did_not_come_is_refused(site, there, commit, tmp_path):
    name = commit(readme="x")
    words = ["git", "-C", tmp_path / "tree", "pack-objects", "--stdout", "-q"]
    alone = subprocess.run(words, input=f"{name}\n".encode(), capture_output=True, check=True)
    (tmp_path / "alone").write_bytes(alone.stdout)
    with pytest.raises(Refused, match="not arrive whole"):
        look(site, tmp_path / "alone")


def test_what_a_killed_plan_left_goes_with_a_later_one(site, there, commit, pack):
    left = site.repository / "objects" / f"{quarantine.PREFIX}left"
    left.mkdir()
    os.utime(left, (0, 0))
    name = commit(readme="x")
    with pack(name).open("rb") as stream, quarantine.quarantined(site, stream):
        assert not left.exists()


def test_git_itself_prunes_what_is_called_so(site, there, git):
    left = site.repository / "objects" / f"{quarantine.PREFIX}left"
    (left / "pack").mkdir(parents=True)
    os.utime(left, (0, 0))
    there.git("prune", "--expire=now")
    assert not left.exists()
