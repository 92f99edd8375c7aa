"""Which Debian packages a machine lacks, and how they are installed.

A package is looked for by what it brings (a program, a header), so that a program that came
another way counts. Packages that bring a server of their own are kept from starting it: the
sites and tests start what they need, on ports of their own, without root.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from laptop.console import Console, run_logged
from laptop.errors import PackagesMissing, StepFailed

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = """\
#!/bin/sh
# Written by Studium while it installs packages; see deploy/laptop/packages.py.
exit 101
"""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Package:
    """A Debian package, what it is for, and how one sees that it is there."""

    name: str
    reason: str
    present: Callable[[], bool]
    service: str = ""  # what its installation would start and enable


def program(name: str) -> Callable[[], bool]:
    return lambda: find(name) is not None


def file(pattern: str) -> Callable[[], bool]:
    root = Path("/")
    return lambda: any(root.glob(pattern.lstrip("/")))


def find(name: str) -> str | None:
    """Return the path of a program, also of one in the folders that only root has on PATH."""
    return which(name, f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")


def which(name: str, path: str) -> str | None:
    return shutil.which(name, path=path)


def _can_make_environments() -> bool:
    return bool(_probe("import ensurepip, venv"))


def _has_python_headers() -> bool:
    return (Path(sysconfig.get_path("include")) / "Python.h").is_file()


def _probe(code: str) -> bool:
    return (
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode
        == 0
    )


AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
GIT = Package("git", "the sites receive pushes", program("git"))
NGINX = Package("nginx-light", "the front of both sites", program("nginx"), service="nginx")
BUILDING = (
    Package("python3-venv", "releases have environments of their own", _can_make_environments),
    Package("python3-dev", "uWSGI and psycopg2 are compiled once", _has_python_headers),
    Package("gcc", "the same", program("gcc")),
    Package("libc6-dev", "the same", file("/usr/include/stdio.h")),
    Package("libpq-dev", "psycopg2 is linked to PostgreSQL's library", program("pg_config")),
    Package("npm", "browser libraries come from npm by lock file", program("npm")),
    Package(
        "ca-certificates", "downloads are verified", file("/etc/ssl/certs/ca-certificates.crt")
    ),
)
OPENSSL = Package("openssl", "a certificate for `make run HTTPS=1`", program("openssl"))
POSTGRESQL = Package(
    "postgresql",
    "the integration tests run on PostgreSQL too",
    file("/usr/lib/postgresql/*/bin/initdb"),
    service="postgresql",
)
REDIS = Package("redis-server", "tests of the Redis cache", program("redis-server"), "redis-server")
MEMCACHED = Package("memcached", "tests of the memcached cache", program("memcached"), "memcached")
RABBITMQ = Package(
    "rabbitmq-server",
    "tests of jobs by a broker",
    file("/usr/lib/rabbitmq/bin/rabbitmq-server"),
    service="rabbitmq-server",
)
SSHD = Package("openssh-server", "tests of pushes by ssh", program("sshd"), service="ssh")
CHROMIUM = Package("chromium", "tests in a real browser", program("chromium"))

OF_A_FLEET = (
    Package("systemd-container", "hosts are booted by systemd-nspawn", program("systemd-nspawn")),
    Package("debootstrap", "hosts are a bare Debian", program("debootstrap")),
    Package(
        "debian-archive-keyring", "the same", file("/usr/share/keyrings/debian-archive-keyring.gpg")
    ),
    Package("iproute2", "hosts have networks of their own", program("ip")),
    Package("openssh-client", "hosts are reached by ssh", program("ssh-keygen")),
    Package("curl", "hosts are asked for pages", program("curl")),
    Package("e2fsprogs", "hosts have disks that fill up", program("mkfs.ext4")),
)

SITES = (GIT, NGINX, *BUILDING)
DEVELOPMENT = (GIT, *BUILDING)
CACHES = (REDIS, MEMCACHED)
SERVERS = (*CACHES, RABBITMQ)
BROWSER = (CHROMIUM,)
FLEET = (*BUILDING, OPENSSL, *OF_A_FLEET)


def missing(wanted: Iterable[Package]) -> list[Package]:
    return [package for package in wanted if not package.present()]


def become_root() -> list[str] | None:
    """Return the words that go before a command of root's, or None when we cannot become root."""
    if os.geteuid() == 0:
        return []
    sudo = find("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0
    ):
        return [sudo, "-n"]
    return None


def install_line(names: Sequence[str]) -> str:
    return f"sudo apt-get install -y --no-install-recommends {' '.join(names)}"


def ensure(wanted: Iterable[Package], console: Console, log: Path) -> None:
    """Install what is missing, or raise PackagesMissing with the one line to type."""
    lacking = missing(wanted)
    if not lacking:
        return
    for package in lacking:
        console.say(f"   missing: {package.name} ({package.reason})")
    root = become_root()
    if root is None or not find("apt-get"):
        raise PackagesMissing(_by_hand(lacking))
    install(lacking, root, console, log)
    if still := missing(lacking):
        raise PackagesMissing(
            f"apt-get ended well, but {', '.join(p.name for p in still)} is still not there; "
            f"{log} may say why."
        )


def _by_hand(lacking: Sequence[Package]) -> str:
    return (
        "System packages are missing and this user may not install them. Type this line, then "
        f"the same make command again:\n\n    {install_line([p.name for p in lacking])}\n"
    )


def install(lacking: Sequence[Package], root: list[str], console: Console, log: Path) -> None:
    names = [package.name for package in lacking]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": f"{SYSTEM_PATH}"}
    with console.step("apt-get update"):
        run_logged([*root, "apt-get", "update", "-q"], log, env=env)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
    guard = quiet_services(root) if any(p.service for p in lacking) else nullcontext()
    with guard, console.step(f"apt-get install {' '.join(names)}"):
        run_logged([*root, *_with_frontend(root), *command], log, env=env)
    for package in lacking:
        if package.service:
            _do_not_start_at_boot(package.service, root)


def _with_frontend(root: list[str]) -> list[str]:
    """Sudo drops the environment; hand the one variable over by ``env``."""
    return ["env", "DEBIAN_FRONTEND=noninteractive"] if root else []


@contextmanager
def quiet_services(root: list[str], policy: Path = POLICY) -> Iterator[None]:
    """Let no package start its server; afterwards the machine's own policy is as it was."""
    aside = policy.with_name(policy.name + ".studium")
    if policy.exists() and policy.read_text() != POLICY_TEXT:
        _as_root(root, ["mv", str(policy), str(aside)])
    was_there = aside.exists()  # also when an installation before this one was killed
    try:
        _as_root(root, ["tee", str(policy)], POLICY_TEXT)
        _as_root(root, ["chmod", "755", str(policy)])
        yield
    finally:
        if was_there:
            _as_root(root, ["mv", str(aside), str(policy)])
        else:
            _as_root(root, ["rm", "-f", str(policy)])


def _as_root(root: list[str], command: list[str], given: str = "") -> None:
    result = subprocess.run(
        [*root, *command], check=False, capture_output=True, text=True, input=given
    )
    if result.returncode:
        raise StepFailed(f"`{' '.join(command)}` failed: {result.stderr.strip()}")


def _do_not_start_at_boot(service: str, root: list[str]) -> None:
    """Only for a server that we have just installed; one that was there before is left alone."""
    if systemctl := find("systemctl"):
        subprocess.run([*root, systemctl, "disable", service], check=False, capture_output=True)
