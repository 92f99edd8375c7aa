"""A bare Debian 12 as a provider hands it over: ssh, Python, and nothing of ours.

Everything comes by this machine's own apt configuration, which is copied, never named. The packages
that the roles ask for lie in the tree's apt cache, not installed: a host has no way out, so apt
finds its index and its files there and installs them as on any host.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
LANE = os.environ.get("PYTEST_XDIST_WORKER", "")  # files run side by side have fleets of their own
SHARED = Path(os.environ.get("STUDIUM_FLEET", SOURCE / ".state" / "fleet"))
STATE = SHARED / LANE
ARCHIVE = os.environ.get("STUDIUM_FLEET_ARCHIVE", "")  # for a machine that is no Debian 12
RELEASE = "bookworm"
BARE = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "python3",
    "iproute2",
    "ca-certificates",
)
WANTED = SOURCE / "ansible" / "packages.txt"
ASKED_BY_TESTS = ("pebble",)  # an authority of certificates, for a host that plays one
QUICK = "force-unsafe-io\n"
KEEP = 'APT::Keep-Downloaded-Packages "true";\nAPT::Sandbox::User "root";\n'
IDLE = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer")


def wanted():
    """Return the Debian packages that the roles install."""
    lines = (line.partition("#")[0].strip() for line in WANTED.read_text().splitlines())
    return [line for line in lines if line]


def tree():
    """Return the folder of the tree, made when it is not there yet."""
    content = "\n".join([RELEASE, *BARE, *wanted(), *ASKED_BY_TESTS, QUICK, KEEP])
    folder = SHARED / f"debian-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    with made_once(folder) as draft:
        if draft:
            _make(draft)
    return folder


@contextmanager
def made_once(folder):
    """Yield where to make a folder that all lanes share, or None when it is there; one makes it."""
    SHARED.mkdir(parents=True, exist_ok=True)
    with (SHARED / "making.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            yield None
            return
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        yield draft
        draft.rename(folder)


def _make(folder):
    names = ",".join(BARE)
    run(
        "debootstrap",
        "--variant=minbase",
        f"--include={names}",
        RELEASE,
        folder,
        ARCHIVE or _in_apt(),
    )
    _take_over_apt(folder)
    (folder / "etc/dpkg/dpkg.cfg.d/fleet").write_text(QUICK)
    (folder / "etc/apt/apt.conf.d/90fleet").write_text(KEEP)
    run("chroot", folder, "apt-get", "update", "-q")
    _install(folder, "--download-only", *wanted(), *ASKED_BY_TESTS)
    for unit in IDLE:
        (folder / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for key in (folder / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (folder / "etc/machine-id").write_text("")
    (folder / "etc/resolv.conf").unlink(missing_ok=True)


def unknown():
    """Return why there is no Debian to build hosts from; empty when there is."""
    if ARCHIVE or _in_apt():
        return ""
    return (
        f"apt of this machine knows no {RELEASE}, of which the hosts are made: let "
        "STUDIUM_FLEET_ARCHIVE name a mirror of Debian"
    )


def _in_apt():
    """Return where this machine's own apt finds the release; empty when it does not."""
    form = "$(REPO_URI) $(RELEASE)"
    told = run("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    found = [line.split()[0] for line in told.splitlines() if line.split()[1:] == [RELEASE]]
    return found[0] if found else ""


def _take_over_apt(folder):
    """Let the tree's apt find what this machine's own apt finds."""
    apt = folder / "etc" / "apt"
    (apt / "sources.list").unlink(missing_ok=True)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc", name), folder / "etc" / name)
    if ARCHIVE:
        (apt / "sources.list").write_text(f"deb {ARCHIVE} {RELEASE} main\n")
        return
    for name in ("sources.list.d", "auth.conf.d", "trusted.gpg.d"):
        shutil.copytree(Path("/etc/apt", name), apt / name, dirs_exist_ok=True)
    if Path("/etc/apt/sources.list").exists():
        shutil.copy("/etc/apt/sources.list", apt)
    shutil.copytree("/usr/share/keyrings", folder / "usr/share/keyrings", dirs_exist_ok=True)
    authorities = "etc/ssl/certs/ca-certificates.crt"
    shutil.copy(Path("/", authorities), folder / authorities)
    (apt / "apt.conf.d" / "80machine").write_text(run("apt-config", "dump", "Acquire"))


def _install(folder, *words):
    flags = ("-y", "-q", "--no-install-recommends")
    run("chroot", folder, "apt-get", "install", *flags, *words)


def run(*words):
    """Run a command and return what it printed."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        [str(word) for word in words],
        env=env | {"LANG": "C.UTF-8", "HOME": "/root"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
