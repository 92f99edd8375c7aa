"""Files of maps: whole or not at all, also on a disk that is full."""

import subprocess

import pytest

from planning import map_files
from planning.errors import NoRoom, NotAMap

A_MB = 2**20


@pytest.fixture
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "planning"


@pytest.fixture
def small_disk(folder):
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "maps", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def files(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_full_disk_is_said_and_keeps_nothing_of_a_file(small_disk):
    digest, _ = map_files.keep([b"small"])
    with pytest.raises(NoRoom):
        map_files.keep([bytes(A_MB)] * 2)
    with pytest.raises(NoRoom):
        map_files.keep_beside(digest, "volume", bytes(2 * A_MB))
    assert files(small_disk) == [digest]
    assert map_files.read(digest) == b"small"


@pytest.mark.parametrize("pieces", [[], [b""]])
def test_an_empty_file_leaves_nothing(folder, pieces):
    with pytest.raises(NotAMap):
        map_files.keep(pieces)
    assert files(folder) == []


def test_a_sender_that_breaks_off_leaves_nothing(folder):
    def broken():
        yield b"some"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        map_files.keep(broken())
    assert files(folder) == []


def test_what_was_made_of_a_file_goes_with_it(folder):
    digest, size = map_files.keep([b"a", b"b"])
    map_files.keep_beside(digest, "volume", b"made")
    assert (size, map_files.read_beside(digest, "volume")) == (2, b"made")
    map_files.remove(digest)
    assert files(folder) == []
