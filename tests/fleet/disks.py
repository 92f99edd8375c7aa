"""A host with a small disk of its own: it can be full, and at a power cut it forgets what was not
written to it.

Ending the processes of a host is only half a power cut, because this machine's kernel would still
write what they had in mind. This disk is a file with an ext4 of its own, which is told to shut down
first: from that instant on it takes nothing more, not even its own journal.
"""

import fcntl
import os
import shutil
import struct
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

from tests.fleet.image import STATE, run
from tests.fleet.machines import MARK, NETWORK, Host

SHUT_DOWN, WITHOUT_JOURNAL = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
SIZE = "2500M"
FILLER = "/srv/studium/media/filler"


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

    @property
    def address(self):
        return f"{NETWORK}.{self.number}"

    @property
    def place(self):
        return STATE / "hosts" / f"disk{self.number}"

    @property
    def namespace(self):
        return f"{MARK}-disk{self.number}"

    @property
    def cable(self):
        return f"v-disk{self.number}"

    @property
    def disk(self):
        return self.place / "disk"

    def create(self, *layers):
        super().create(*layers)
        image = self.place / "disk.img"
        run("truncate", "-s", SIZE, image)
        run("mkfs.ext4", "-q", "-m", "0", image)
        self.disk.mkdir()
        self._mount()
        for part in ("upper", "work"):
            shutil.copytree(self.place / part, self.disk / part, symlinks=True)
            shutil.rmtree(self.place / part)
            (self.place / part).symlink_to(self.disk / part)
        run("sync", "-f", self.disk)

    def _mount(self):
        run("mount", "-o", "loop", self.place / "disk.img", self.disk)

    def start(self):
        if not self.disk.is_mount():
            self._mount()
        super().start()

    def cut_power(self):
        if self.is_on and self.disk.is_mount():
            descriptor = os.open(self.disk, os.O_RDONLY)
            fcntl.ioctl(descriptor, SHUT_DOWN, struct.pack("I", WITHOUT_JOURNAL))
            os.close(descriptor)
        super().cut_power()
        if self.disk.is_mount():
            run("umount", self.disk)

    def free_mb(self):
        return shutil.disk_usage(self.disk).free // 2**20

    @contextmanager
    def with_free(self, megabytes):
        """Leave only so much space on the disk."""
        self.ssh(f"fallocate -l {self.free_mb() - megabytes}M {FILLER}")
        try:
            yield
        finally:
            self.ssh(f"rm -f {FILLER}")
