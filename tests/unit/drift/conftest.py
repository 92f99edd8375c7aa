import grp
import hashlib
import json
import os
import pwd

import pytest

from drift.machine import Done, Machine
from drift.store import HOME, Store

OWNER = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name


class Silent(Machine):
    """A host in a folder, whose commands say nothing and succeed."""

    def run(self, *words, feed=None):
        del words, feed
        return Done(0, "", "")


class Host:
    """Writes files and what is declared of them."""

    def __init__(self, root):
        self.root, self.machine = root, Silent(root)
        self.store, self.files, self.units = Store(self.machine), {}, {}

    def write(self, path, text, mode=0o644):
        place = self.root / path.strip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)
        return place

    def declare(self, path, text, mode="0644", **facts):
        self.write(path, text, int(mode, 8))
        content = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        known = {"kind": "file", "owner": OWNER, "group": GROUP, "mode": mode, "sha1": content}
        self.files[path] = known | facts

    def keep(self):
        home = self.root / HOME.strip("/")
        home.mkdir(parents=True, exist_ok=True)
        lists = {"units": self.units, "packages": [], "users": {}, "groups": []}
        (home / "declaration.json").write_text(json.dumps({"files": self.files, **lists}))
        self.store.keep()
        return self.store.load()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)
