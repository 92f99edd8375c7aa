import base64
import hashlib
import io
import json
import tarfile

import pytest

from pipeline import tarballs
from pipeline.errors import Refused


def packed(files, *, link=False):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        if link:
            member = tarfile.TarInfo("package/passwd")
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    return content.getvalue()


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "tarballs"
    folder.mkdir()
    return folder


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "release"
    folder.mkdir()
    return folder


def put(store, content, name=None):
    digest = hashlib.sha512(content).digest()
    (store / f"{name or digest.hex()}.tgz").write_bytes(content)
    return "sha512-" + base64.b64encode(digest).decode()


def lock(release, **packages):
    facts = {"": {"name": "studium"}} | {f"node_modules/{k}": v for k, v in packages.items()}
    (release / "package-lock.json").write_text(json.dumps({"packages": facts}))


def test_a_package_is_found_by_its_checksum_and_laid_out_as_npm_does(store, release):
    integrity = put(store, packed({"package/dist/lib.js": b"let x"}))
    lock(release, lib={"version": "1.0.0", "integrity": integrity})
    tarballs.install(store, release)
    assert (release / "node_modules/lib/dist/lib.js").read_bytes() == b"let x"


def test_a_missing_package_is_refused_by_name_with_the_remedy(store, release):
    lock(release, lib={"version": "1.0.0", "integrity": "sha512-AAAA"})
    with pytest.raises(Refused, match=r"lib 1\.0\.0 is not among the tarballs.*servers\.md"):
        tarballs.install(store, release)


def test_a_tarball_with_another_content_is_refused(store, release):
    integrity = put(store, packed({"package/lib.js": b"good"}))
    put(store, packed({"package/lib.js": b"evil"}), base64.b64decode(integrity[7:]).hex())
    lock(release, lib={"version": "1.0.0", "integrity": integrity})
    with pytest.raises(Refused, match="not what its name says"):
        tarballs.install(store, release)
    assert not (release / "node_modules").exists()


def test_links_and_ways_out_are_left_out(store, release):
    content = packed({"package/../../../out.js": b"x", "package/in.js": b"y"}, link=True)
    lock(release, lib={"version": "1.0.0", "integrity": put(store, content)})
    tarballs.install(store, release)
    found = [path.name for path in release.parent.rglob("*") if path.is_file()]
    assert "in.js" in found
    assert "out.js" not in found
    assert not (release / "node_modules/lib/passwd").is_symlink()


def test_what_only_developers_need_is_left_out(store, release):
    lock(release, tool={"version": "1.0.0", "integrity": "sha512-AAAA", "dev": True})
    tarballs.install(store, release)
    assert not (release / "node_modules").exists()
