"""A place for podman on one Linux machine: namespaces and folders of its own, gone afterwards.

The containers' network lies in a network namespace without any way out, joined by one cable to a
second one, from where a visitor asks. Nothing of the machine's own network, images or volumes is
touched. Images are kept for the next run; volumes are not.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fleet import goods, image
from tests.fleet.image import SOURCE, run

STATE = Path(os.environ.get("STUDIUM_PODMAN", SOURCE / ".state" / "podman"))
TOOLS = Path(sys.executable).parent
HERE, VISITOR = "10.78.0.1", "10.78.0.2"
BASE = "localhost/studium-base"
MORE = ("rabbitmq-server",)
NEEDED = {
    "podman": "podman",
    "crun": "crun",
    "conmon": "conmon",
    "aardvark-dns": "aardvark-dns",
    "netavark": "netavark",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "npm": "npm",
    "pg_config": "libpq-dev",
}
PATH = f"{TOOLS}:{os.environ['PATH']}:/usr/sbin:/sbin:/usr/lib/podman"
# Containers share the machine's cgroups and limits: without systemd nobody may hand out others.
CONTAINERS = """\
[containers]
cgroups = "disabled"
default_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "{state}/networks"
"""
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{state}/images"
runroot = "{state}/run"
"""
# A machine of both cgroup versions at once is refused by crun; here it sees only the second.
KEEP = """\
set -eu
mount --make-rprivate /
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run/netns 2>/dev/null || true
ip link set lo up
echo ready
exec sleep infinity
"""


def missing():
    """Return why this machine cannot have containers; empty when it can."""
    if os.geteuid() != 0:
        return "root is needed for namespaces of containers (sudo make containers-test)"
    lacking = [
        package for program, package in NEEDED.items() if not shutil.which(program, path=PATH)
    ]
    if lacking:
        return f"missing: sudo apt-get install -y --no-install-recommends {' '.join(lacking)}"
    if not shutil.which("podman-compose", path=PATH):
        return "podman-compose is missing: make environment"
    probe = subprocess.run(["unshare", "--mount", "--net", "true"], check=False)
    return "" if probe.returncode == 0 else "this machine allows no namespaces"


def _keeper():
    """Return a process that holds namespaces of its own."""
    process = subprocess.Popen(
        ["unshare", "--mount", "--net", "sh", "-c", KEEP],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={"PATH": PATH},
        start_new_session=True,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", "the namespaces could not be made"
    return process


@dataclass
class Ground:
    """Where podman runs, and from where a visitor asks."""

    here: subprocess.Popen
    visitor: subprocess.Popen

    @classmethod
    def make(cls):
        STATE.mkdir(parents=True, exist_ok=True)
        files = str(min(int(run("sh", "-c", "ulimit -Hn")), 65536))
        (STATE / "containers.conf").write_text(CONTAINERS.format(files=files, state=STATE))
        (STATE / "storage.conf").write_text(STORAGE.format(state=STATE))
        ground = cls(_keeper(), _keeper())
        ground._join()
        return ground

    def _join(self):
        ends = {"near": (self.here, HERE), "far": (self.visitor, VISITOR)}
        self.at(self.here, "ip", "link", "add", "near", "type", "veth", "peer", "name", "far",
                "netns", self.visitor.pid)  # fmt: skip
        for name, (side, address) in ends.items():
            self.at(side, "ip", "addr", "add", f"{address}/24", "dev", name)
            self.at(side, "ip", "link", "set", name, "up")

    def at(self, side, *words, check=True, env=None, folder=None, stdin=None, limit_s=900):
        """Run a command on one side; return what it said."""
        done = subprocess.run(
            ["nsenter", f"--target={side.pid}", "--mount", "--net",
             f"--wdns={folder or '/'}", *map(str, words)],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={"PATH": PATH, "HOME": str(STATE), "LANG": "C.UTF-8"} | (env or {}),
            timeout=limit_s,
            check=False,
        )  # fmt: skip
        told = f"{' '.join(map(str, words))}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
        assert not check or done.returncode == 0, told
        return done

    def podman(self, *words, **how):
        return self.at(self.here, "podman", *words, env=environment(), **how)

    def visit(self, *words, **how):
        return self.at(self.visitor, *words, **how)

    def end(self):
        """End every container and both namespaces; images stay for the next run."""
        self.podman("rm", "--all", "--force", "--time=1", check=False)
        self.podman("volume", "prune", "--force", check=False)
        self.podman("network", "prune", "--force", check=False)
        for side in (self.here, self.visitor):
            side.kill()
            side.communicate()
        shutil.rmtree(STATE / "run", ignore_errors=True)


def environment():
    """Return what podman and the commands of the site are given here."""
    return {
        "CONTAINERS_CONF": str(STATE / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(STATE / "storage.conf"),
        "DISABLE_HC_SYSTEMD": "true",
        "BUILDAH_ISOLATION": "chroot",
        "STUDIUM_ENGINE": "podman",
        "STUDIUM_BASE": BASE,
        "STUDIUM_GOODS": str(goods.folder()),
        "TMPDIR": str(_folder("tmp")),
    }


def _folder(name):
    folder = STATE / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def base(ground):
    """Make the base image of the fleet's Debian, without what this machine gave it to reach apt."""
    tree = _tree()
    tag = f"{BASE}:{tree.name}"
    if ground.podman("image", "exists", tag, check=False).returncode:
        private = ("etc/apt/apt.conf.d/80machine", "etc/apt/auth.conf.d", "etc/resolv.conf")
        left_out = [f"--exclude=./{name}" for name in private]
        archive = STATE / "base.tar"
        run("tar", "-C", tree, *left_out, "-c", "-f", archive, ".")
        ground.podman("import", archive, tag)
        archive.unlink()
    ground.podman("tag", tag, f"{BASE}:latest")


def _tree():
    """Return the fleet's Debian with the packages in its apt cache that only images need."""
    source = image.tree()
    folder = STATE / f"{source.name}-more"
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        run("cp", "-a", f"{source}/.", draft)
        shutil.copy("/etc/resolv.conf", draft / "etc")
        run("chroot", draft, "apt-get", "update", "-q")
        run("chroot", draft, "apt-get", "install", "-y", "-q", "--no-install-recommends",
            "--download-only", *MORE)  # fmt: skip
        draft.rename(folder)
    return folder


def wait_until(is_so, limit_s=60, every_s=0.5):
    end = time.monotonic() + limit_s
    while not (found := is_so()):
        assert time.monotonic() < end, f"not so within {limit_s} s"
        time.sleep(every_s)
    return found
