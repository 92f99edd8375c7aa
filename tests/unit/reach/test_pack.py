"""What Ansible copies at once: only what the host lacks, the same bytes each time."""

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from reach import pack

THERE = "/srv/there"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "ours"
    (place / "code" / "deep").mkdir(parents=True)
    (place / "code" / "__pycache__").mkdir()
    (place / "code" / "__pycache__" / "a.pyc").write_text("compiled")
    (place / "code" / "a.py").write_text("a = 1\n")
    (place / "code" / "deep" / "b.sh").write_text("#!/bin/sh\n")
    (place / "code" / "deep" / "b.sh").chmod(0o755)
    (place / "one.toml").write_text("x = 1\n")
    (place / "not-asked-for").write_text("")
    return place


def found(folder, name, **otherwise):
    file = folder / name
    facts = {"path": f"{THERE}/{name}", "isreg": True, "uid": 0, "gid": 0}
    facts |= {"mode": f"0{file.stat().st_mode & 0o777:o}"}
    facts |= {"checksum": hashlib.sha256(file.read_bytes()).hexdigest()}
    return facts | otherwise


def all_found(folder):
    names = ("code/a.py", "code/deep/b.sh", "one.toml")
    return [found(folder, name) for name in names] + [
        {"path": f"{THERE}/{name}", "isreg": False, "uid": 0, "gid": 0, "mode": "0755"}
        for name in ("code", "code/deep")
    ]


def told(folder, *there):
    words = (folder.parent / "x.tar", folder, THERE, "code", "one.toml")
    done = subprocess.run(
        [sys.executable, pack.__file__, *map(str, words)],
        input=json.dumps(there),
        capture_output=True,
        text=True,
        check=True,
    )
    with tarfile.open(folder.parent / "x.tar") as bundle:
        assert bundle.getnames() == json.loads(done.stdout)["lacking"]
    return json.loads(done.stdout)


def test_a_bare_host_lacks_everything_but_what_nobody_asked_for(folder):
    wanted = ["code/a.py", "code/deep/b.sh", "one.toml"]
    assert told(folder) == {"lacking": wanted, "surplus": []}


def test_a_host_that_has_it_all_lacks_nothing(folder):
    assert told(folder, *all_found(folder)) == {"lacking": [], "surplus": []}


@pytest.mark.parametrize(
    "otherwise",
    [{"checksum": "0" * 64}, {"mode": "0664"}, {"uid": 7}, {"gid": 7}, {"isreg": False}],
)
def test_a_file_that_is_otherwise_is_lacking(folder, otherwise):
    there = [found(folder, "one.toml", **otherwise), *all_found(folder)[:2]]
    assert told(folder, *there) == {"lacking": ["one.toml"], "surplus": []}


def test_what_else_is_there_is_surplus(folder):
    old = [{"path": f"{THERE}/{name}", "isreg": False} for name in ("code/old", "code/old/c.py")]
    assert told(folder, *all_found(folder), *old)["surplus"] == ["code/old", "code/old/c.py"]


def test_the_same_files_make_the_same_archive_whenever_and_whoever_packs(folder):
    archive = folder.parent / "x.tar"
    told(folder)
    first = archive.read_bytes()
    (folder / "one.toml").write_text("x = 1\n")
    (folder / "one.toml").chmod(0o600)
    told(folder)
    assert archive.read_bytes() == first
    with tarfile.open(archive) as bundle:
        assert {name: oct(bundle.getmember(name).mode) for name in bundle.getnames()} == {
            "code/a.py": "0o644",
            "code/deep/b.sh": "0o755",
            "one.toml": "0o644",
        }


def test_the_packer_needs_nothing_but_python():
    code = Path(pack.__file__).read_text()
    assert "from reach" not in code
    assert "import invoke" not in code
