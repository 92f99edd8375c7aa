"""A host with a small disk of its own: it can be full, and at a power cut it forgets what was not
written to it.

Ending the processes of a host is only half a power cut, because this machine's kernel would still
write what they had in mind. This disk is a file with an ext4 of its own, which is told to shut down
first: from that instant on it takes nothing more, not even its own journal.
"""

import fcntl
import json
import os
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.fleet.image import run
from tests.fleet.machines import HOSTS, MARK, NETWORK, Host

SHUT_DOWN, WITHOUT_JOURNAL = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
SIZE = "2500M"
# In the keeper's own namespace: any other would hold the disk after the host's end.
MOUNT = 'mount --make-rprivate /; mount -o loop "$PLACE/disk.img" "$PLACE/disk"\n'
FILLER = "/srv/studium/media/filler"
FILL = """
    free=$(df --output=avail -k /srv | tail -n1)
    fallocate -l $((free - 4096 - {kilobytes}))K {file}
    [ {kilobytes} -gt 0 ] || cat /dev/zero >> {file} || sync
"""


def missing():
    """Return why this machine cannot have such disks; empty when it can."""
    if not shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
        return "missing: sudo apt-get install -y e2fsprogs"
    found = subprocess.run(["losetup", "--find"], check=False, capture_output=True)
    return "" if found.returncode == 0 else "this machine has no loop devices"


@dataclass(frozen=True)
class HostWithDisk(Host):
    """Staging a second time, beside the one that all tests share: what it meets is worse."""

    number: int = 31
    first: ClassVar[str] = MOUNT

    @property
    def address(self):
        return f"{NETWORK}.{self.number}"

    @property
    def place(self):
        return HOSTS / f"disk{self.number}"

    @property
    def namespace(self):
        return f"{MARK}-disk{self.number}"

    @property
    def cable(self):
        return f"v-disk{self.number}"

    def create(self, *layers):
        super().create(*layers)
        seed, disk = self.place / "seed", self.place / "disk"
        seed.mkdir()
        for part in ("upper", "work"):
            (self.place / part).rename(seed / part)
            (self.place / part).symlink_to(disk / part)
        disk.mkdir()
        run("truncate", "-s", SIZE, self.image)
        run("mkfs.ext4", "-q", "-m", "0", "-d", seed, self.image)
        shutil.rmtree(seed)

    @property
    def image(self):
        return self.place / "disk.img"

    def cut_power(self):
        """Let the disk take nothing more, and end what runs."""
        if self.is_on:
            keeper, _ = json.loads((self.place / "keeper.pid").read_text())
            _shut_down(Path(f"/proc/{keeper}/root/{self.place}/disk"))
        self._end()

    def power_off(self, limit_s=60):
        self.ssh("systemctl poweroff", check=False)
        end = time.monotonic() + limit_s
        while self.is_on and time.monotonic() < end:
            time.sleep(0.2)
        self._end()

    def _end(self):
        """End the host, and wait until nothing holds its disk any more."""
        super().cut_power()
        for _ in range(100):
            if not self.image.exists() or not run("losetup", "--associated", self.image):
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.image} is still held")

    @contextmanager
    def with_free(self, megabytes):
        """Leave only so much space on the disk."""
        try:
            self.ssh(FILL.format(file=FILLER, kilobytes=1024 * megabytes))
            yield
        finally:
            self.ssh(f"rm -f {FILLER}")


def _shut_down(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUT_DOWN, struct.pack("I", WITHOUT_JOURNAL))
    finally:
        os.close(descriptor)
