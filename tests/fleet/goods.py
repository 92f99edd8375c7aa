"""What a host without a way out needs to build releases: wheels and npm tarballs, as files.

They come by this machine's own pip and npm, once per lock file; `--require-hashes` and npm's
integrity are checked again on the host.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys

from tests.fleet import image
from tests.fleet.image import SHARED, SOURCE

BUILDERS = ("setuptools", "wheel")  # what pip builds psycopg2 and uWSGI with
LOCKS = ("requirements/deployed.txt", "requirements/server.txt", "package-lock.json")


def folder():
    """Return the folder with `wheels` and `tarballs`, filled for these lock files."""
    content = b"".join((SOURCE / name).read_bytes() for name in LOCKS)
    place = SHARED / f"goods-{hashlib.sha256(content).hexdigest()[:12]}"
    with image.made_once(place) as draft:
        if draft:
            (draft / "wheels").mkdir(parents=True)
            (draft / "tarballs").mkdir()
            _fetch_wheels(draft / "wheels")
            _fetch_tarballs(draft)
    return place


def _fetch_wheels(wheels):
    pip = (sys.executable, "-m", "pip", "download", "-q", "-d", wheels)
    for name in LOCKS[:2]:
        _run(*pip, "--require-hashes", "-r", SOURCE / name)
    _run(*pip, *BUILDERS)


def _fetch_tarballs(draft):
    """Let npm fill a cache of its own and take the packages out of it by their checksums."""
    box, cache = draft / "box", draft / "cache"
    box.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(SOURCE / name, box)
    _run("npm", "ci", "--ignore-scripts", "--omit=dev", f"--cache={cache}", folder=box)
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    for facts in lock["packages"].values():
        if "integrity" in facts:
            kind, _, digest = facts["integrity"].partition("-")
            name = base64.b64decode(digest).hex()
            stored = cache / "_cacache" / "content-v2" / kind / name[:2] / name[2:4] / name[4:]
            shutil.copy(stored, draft / "tarballs" / f"{name}.tgz")
    shutil.rmtree(box)
    shutil.rmtree(cache)


def _run(*words, folder=None):
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
