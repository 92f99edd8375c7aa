"""Whether this machine can have a fleet: asked before anything is built, by trying it small."""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.fleet import image
from tests.fleet.image import STATE
from tests.fleet.machines import HOSTS, LAY, MARK, PATH, sweep

NEEDED = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "curl": "curl",
    "openssl": "openssl",
    "npm": "npm",
    "pg_config": "libpq-dev",
}
SKELETON = ("usr", "etc", "root", "proc", "sys", "dev", "run", "tmp", "var")
LINKED = ("bin", "sbin", "lib", "lib64")
IN_MEMORY_GB = 6  # what the hosts of a run write, when it cannot be written to a disk


def missing():
    """Return why this machine cannot have a fleet; empty when it can."""
    if os.geteuid() != 0:
        return "root is needed to boot hosts (sudo make fleet)"
    lacking = [name for program, name in NEEDED.items() if not shutil.which(program, path=PATH)]
    if lacking:
        return f"missing: sudo apt-get install -y --no-install-recommends {' '.join(lacking)}"
    return image.unknown() or _closed() or _prepare() or refused()


def _closed():
    words = ("unshare", "--mount", "--net", "true")
    return _why("this machine allows no namespaces", words)


def _why(sentence, words, env=None):
    """Run a command; return the sentence with what was said when it fails."""
    done = subprocess.run(
        words, env=env or {"PATH": PATH}, check=False, capture_output=True, text=True
    )
    said = (done.stderr.strip() or "no reason given").splitlines()
    return f"{sentence}: {said[0]}" if done.returncode else ""


def _prepare():
    """Find a place where one folder can lie upon another; that of a container often cannot."""
    HOSTS.mkdir(parents=True, exist_ok=True)
    if _can_overlay():
        return ""
    facts = dict(line.split()[:2] for line in Path("/proc/meminfo").read_text().splitlines())
    free_gb = int(facts["MemAvailable:"]) // 2**20
    if free_gb < 2 * IN_MEMORY_GB:
        return (
            f"{HOSTS} is on a file system that cannot carry an overlay, and there is too little "
            f"memory instead ({free_gb} of {2 * IN_MEMORY_GB} GB): let STUDIUM_FLEET name a folder "
            "on an ordinary disk"
        )
    mount = ("mount", "-t", "tmpfs", "-o", f"size={free_gb // 2}G", "tmpfs", str(HOSTS))
    return _why("this machine allows no mounts", mount)


def _can_overlay():
    with _trial() as place:
        flags = f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work"
        words = ["mount", "-t", "overlay", "overlay", f"{place}/root", "-o", flags]
        done = subprocess.run(["unshare", "--mount", *words], check=False, capture_output=True)
    return done.returncode == 0


def refused():
    """Return what this machine refused when a host of nothing but `true` was booted."""
    name = f"{MARK}-trial"
    with _trial() as place:
        script = [
            f"ip netns add {name}",
            f"trap 'ip netns del {name}' EXIT",
            f"ip netns exec {name} true",
            'unshare --mount -- sh -c "$TRIAL"',
        ]
        trial = f"{LAY}nspawn --bind-ro=/usr --console=pipe --as-pid2 /usr/bin/true"
        facts = {"LAYERS": f"{place}/lower", "PLACE": str(place), "NAME": name, "NETNS": name}
        env = facts | {"TRIAL": trial, "PATH": PATH, "SYSTEMD_NSPAWN_LOCK": "0"}
        words = ("sh", "-euc", "\n".join(script))
        return _why("this machine does not let hosts be booted", words, env)


@contextmanager
def _trial():
    """Make the folders of a host that has nothing of its own."""
    place = HOSTS / "trial"
    shutil.rmtree(place, ignore_errors=True)
    for part in ("upper", "work", "root", *(f"lower/{name}" for name in SKELETON)):
        (place / part).mkdir(parents=True)
    for name in LINKED:
        (place / "lower" / name).symlink_to(f"usr/{name}")
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def alone():
    """Be this checkout's only run, begin without what an earlier one left, and leave nothing."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AssertionError(
                f"Another run uses the fleet of {image.SOURCE}; two would share its hosts. Wait "
                "for it, or use another checkout."
            ) from None
        sweep()
        try:
            yield
        finally:
            sweep(also_ours=True)


if __name__ == "__main__":
    sys.exit(missing() or 0)
