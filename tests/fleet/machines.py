"""Debian hosts on one Linux machine: systemd-nspawn, each in a network namespace of its own.

A bridge in a controller's namespace is all that a host can reach; nothing is added to the machine's
own network. Names come from the checkout's path, so that two fleets do not meet.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.fleet.image import LANE, SOURCE, STATE, run

MARK = "sf" + hashlib.sha256(f"{SOURCE}{LANE}".encode()).hexdigest()[:4]
CONTROLLER = f"{MARK}-ctl"
NETWORK = "10.77.0"
HOSTS = STATE / "hosts"  # what hosts write; see ground.py for where that may be
NUMBERS = {
    "staging": 11,
    "production": 12,
    "backup": 13,
    "fresh": 14,
    "application": 15,
    "worker": 16,
    "broker": 17,
    "certificates": 18,
    "restored": 19,
    "main": 20,
}
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
BOOT_S = 60
CGROUPS = Path("/sys/fs/cgroup")
_keepers = []  # they may outlive us; whoever ends a host waits for its keeper
# Where /run is no tmpfs, nspawn cannot clean up there; so it gets one of its own, and with it the
# overlay: both are gone with the keeper. In a plain chroot /sys may be empty.
LAY = """\
set -eu
mount --make-rprivate /
[ -d /sys/kernel ] || mount -t sysfs sysfs /sys
[ -n "$(ls /sys/fs/cgroup)" ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [ -e "$tree/cgroup.procs" ] || continue
    mkdir -p "$tree/$NAME"  # or all hosts would share the cgroups of their units
    echo $$ > "$tree/$NAME/cgroup.procs"
done
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t overlay overlay "$PLACE/root" \\
    -o "lowerdir=$LAYERS,upperdir=$PLACE/upper,workdir=$PLACE/work"
nspawn() {
    systemd-nspawn --quiet --register=no --keep-unit --directory="$PLACE/root" --machine="$NAME" \\
        --network-namespace-path="/run/netns/$NETNS" --capability=CAP_NET_ADMIN \\
        --resolv-conf=off --timezone=off ${FUSE:+--bind=/dev/fuse} "$@" </dev/null
}
"""
KEEP = """\
while :; do  # with --keep-unit nspawn ends with 133 when its guest reboots
    code=0
    nspawn --console=read-only --boot || code=$?
    [ "$code" = 133 ] || exit "$code"
done
"""


@dataclass(frozen=True)
class Host:
    """One machine of the fleet."""

    name: str
    first: ClassVar[str] = ""  # what its keeper does before anything else

    @property
    def address(self):
        return f"{NETWORK}.{NUMBERS[self.name]}"

    @property
    def place(self):
        return HOSTS / self.name

    @property
    def namespace(self):
        return f"{MARK}-{self.name}"

    @property
    def cable(self):
        return f"v-{self.name}"

    @property
    def log(self):
        return self.place / "console.log"

    # --- life --------------------------------------------------------------------------------
    def create(self, *layers, upon=None):
        """Lay an empty overlay, or a copy of another's, upon the layers; plug the cable in."""
        self.destroy()
        for part in ("upper", "work", "root"):
            (self.place / part).mkdir(parents=True)
        if upon:
            run("cp", "-a", f"{upon}/.", self.place / "upper")
        (self.place / "layers").write_text(":".join(map(str, layers)))
        (self.place / "owner").write_text(json.dumps(ourselves()))
        self._dress()
        _plug(self)

    def _dress(self):
        """Give the host what a provider gives: a name, keys of its own, and our key for root."""
        upper = self.place / "upper"
        for folder in ("etc/ssh", "root/.ssh"):
            (upper / folder).mkdir(parents=True, exist_ok=True)
        (upper / "root").chmod(0o700)
        (upper / "root/.ssh").chmod(0o700)
        (upper / "etc/hostname").write_text(f"{self.name}\n")
        names = "".join(f"{host.address} {host.name}.studium.test\n" for host in map(Host, NUMBERS))
        (upper / "etc/hosts").write_text(f"127.0.0.1 localhost {self.name}\n{names}")
        (upper / "root/.ssh/authorized_keys").write_text(key("provider").read_text())
        run("ssh-keygen", "-A", "-f", upper)
        with (STATE / "known_hosts").open("a") as known:
            public = (upper / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
            known.write(f"{self.address} {' '.join(public)}\n")

    def start(self):
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["unshare", "--mount", "--", "sh", "-c", self.first + LAY + KEEP],
                env=self.facts(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _keepers.append(process)
        (self.place / "keeper.pid").write_text(json.dumps([process.pid, _started(process.pid)]))

    def facts(self):
        """Return what the keeper's script wants to know; a keeper is known by it as well."""
        layers = (self.place / "layers").read_text()
        facts = {"LAYERS": layers, "PLACE": str(self.place), "PATH": PATH}
        facts |= {"NAME": self.namespace, "NETNS": self.namespace}
        facts |= {"FUSE": "yes"} if Path("/dev/fuse").exists() else {}
        return facts | {"SYSTEMD_NSPAWN_LOCK": "0"}

    def wait(self, limit_s=BOOT_S):
        """Wait until systemd has started everything; return how it is."""
        end = time.monotonic() + limit_s
        state = ""
        while time.monotonic() < end:
            state = self.ssh("systemctl is-system-running", check=False).stdout.strip()
            if state in {"running", "degraded"}:
                return state
            assert self.is_on, f"{self.name} has ended:\n{self.console()}"
            time.sleep(0.3)
        raise AssertionError(f"{self.name} is {state or 'silent'}:\n{self.console()}")

    @property
    def is_on(self):
        return _keeper(self) is not None

    def cut_power(self):
        """End the host as a pulled plug does: nothing in it hears of it."""
        end_namespace(self.namespace)
        with suppress(FileNotFoundError, ValueError, ChildProcessError):
            os.waitpid(json.loads((self.place / "keeper.pid").read_text())[0], 0)
        (self.place / "keeper.pid").unlink(missing_ok=True)

    def power_off(self, limit_s=60):
        """Shut the host down as its own switch does."""
        self.ssh("systemctl poweroff", check=False)
        end = time.monotonic() + limit_s
        while self.is_on and time.monotonic() < end:
            time.sleep(0.2)
        self.cut_power()

    def destroy(self):
        if self.place.exists():
            self.cut_power()
        forget_namespace(self.namespace)
        shutil.rmtree(self.place, ignore_errors=True)
        _forget(self.address)

    # --- use -----------------------------------------------------------------------------------
    def ssh(self, line, user="root", identity="provider", check=True, stdin=None, limit_s=300):
        words = [*SSH, "-i", str(STATE / "keys" / identity), f"{user}@{self.address}", line]
        return controller(*words, check=check, stdin=stdin, limit_s=limit_s)

    def console(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


SSH = (
    "ssh",
    *("-F", "none", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"),
    *("-o", f"UserKnownHostsFile={STATE / 'known_hosts'}", "-o", "StrictHostKeyChecking=yes"),
)


def key(name):
    """Return the public half of a key, made when it is not there."""
    file = STATE / "keys" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file)
    return file.with_suffix(".pub")


def controller(*words, check=True, stdin=None, env=None, folder=None, limit_s=600):
    """Run a command where the hosts can be reached: in the controller's namespace."""
    done = subprocess.run(
        ["ip", "netns", "exec", CONTROLLER, *map(str, words)],
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=env,
        cwd=folder,
        timeout=limit_s,
        check=False,
    )
    assert not check or not done.returncode, f"{words[-1]}:\n{done.stdout}{done.stderr}"
    return done


def lay_network():
    """Make the controller's namespace with its bridge, if it is not there."""
    if Path("/run/netns", CONTROLLER).exists():
        return
    run("ip", "netns", "add", CONTROLLER)
    inside = ("ip", "-n", CONTROLLER)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "link", "add", "hosts", "type", "bridge")
    run(*inside, "addr", "add", f"{NETWORK}.1/24", "dev", "hosts")
    run(*inside, "link", "set", "hosts", "up")


def _plug(host):
    lay_network()
    cable = host.cable
    run("ip", "netns", "add", host.namespace)
    run("ip", "-n", CONTROLLER, "link", "add", cable, "type", "veth",
        "peer", "name", "host0", "netns", host.namespace)  # fmt: skip
    run("ip", "-n", CONTROLLER, "link", "set", cable, "master", "hosts", "up")
    run("ip", "-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "host0")
    for link in ("lo", "host0"):
        run("ip", "-n", host.namespace, "link", "set", link, "up")


def take_network_away():
    """Take the controller's namespace away when no host is plugged in any more."""
    if namespaces() == [CONTROLLER]:
        run("ip", "netns", "del", CONTROLLER)


# --- what runs, also when nobody remembers it ------------------------------------------------
def namespaces():
    return sorted(path.name for path in Path("/run/netns").glob(f"{MARK}-*"))


def keepers(namespace):
    """Return the processes that keep a host: their environment names its namespace."""
    mark = f"NETNS={namespace}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def end_namespace(namespace):
    """Kill a host's keepers, and everything in its namespace."""
    own = keepers(namespace)
    _signal(own, signal.SIGSTOP)  # or they would take the end for a reboot
    for _ in range(50):
        guests = _inhabitants(namespace)
        if not guests:
            break
        _signal(guests, signal.SIGKILL)
        time.sleep(0.1)
    _signal(own, signal.SIGKILL)


def _inhabitants(namespace):
    if not Path("/run/netns", namespace).exists():
        return []
    return [int(pid) for pid in run("ip", "netns", "pids", namespace).split()]


def forget_namespace(namespace):
    end_namespace(namespace)
    if Path("/run/netns", namespace).exists():
        run("ip", "netns", "del", namespace)
    for root in (CGROUPS, CGROUPS / "systemd", CGROUPS / "unified"):
        inner = sorted((root / namespace).rglob("*/"), key=lambda one: -len(one.parts))
        for folder in [*inner, root / namespace]:
            with suppress(OSError):  # a process of it is about to end
                folder.rmdir()


def _signal(pids, number):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def sweep(*, also_ours=False):
    """End the hosts of runs that have ended: theirs who crashed, were killed or forgot them."""
    places = {place.name: place for place in HOSTS.glob("*") if (place / "owner").exists()}
    kept = {name for name, place in places.items() if _is_somebodys(place, also_ours)}
    names = {name.removeprefix(f"{MARK}-") for name in namespaces()} - {"ctl"}
    for name in (names | set(places)) - kept:
        forget_namespace(f"{MARK}-{name}")
        _clear(HOSTS / name)
    take_network_away()


def _is_somebodys(place, also_ours):
    owner = json.loads((place / "owner").read_text())
    runs = _started(owner[0]) == owner[1]
    return runs and not (also_ours and owner == ourselves())


def _clear(place):
    """Remove a host's folder, and a disk that is mounted there."""
    for line in reversed(Path("/proc/mounts").read_text().splitlines()):
        if line.split()[1].startswith(f"{place}/"):
            run("umount", line.split()[1])
    shutil.rmtree(place, ignore_errors=True)


def ourselves():
    """Return who makes hosts now, so that a later run knows whether that is over."""
    return [os.getpid(), _started(os.getpid())]


def _started(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _keeper(host):
    """Return the pid of the host's keeper, if it runs; a reused pid is nobody's."""
    try:
        pid, started = json.loads((host.place / "keeper.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return pid if started and _started(pid) == started else None


def _forget(address):
    known = STATE / "known_hosts"
    if known.exists():
        kept = [line for line in known.read_text().splitlines() if line.split()[0] != address]
        known.write_text("".join(f"{line}\n" for line in kept))
