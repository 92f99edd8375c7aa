"""Certificates between the hosts of a site: provisioning renews them, so somebody must be told."""

from collections.abc import Iterator

from drift.findings import Finding
from drift.machine import Machine

FOLDER = "/etc/studium/hosts"
NOTICE_DAYS = 90  # provisioning renews what ends within a year, so most are never seen here
DAY_S = 24 * 60 * 60


def ending(machine: Machine) -> Iterator[Finding]:
    """Yield the certificates that end soon, or did."""
    for name in machine.names(FOLDER):
        if name.endswith(".pem"):
            yield from _one(machine, f"{FOLDER}/{name}")


def _one(machine: Machine, path: str) -> Iterator[Finding]:
    text = machine.text(path)
    words = ("openssl", "x509", "-noout", "-enddate", "-checkend", str(NOTICE_DAYS * DAY_S))
    told = machine.run(*words, feed=text)
    if told.code == 0:
        return
    dates = [line for line in told.out.splitlines() if line.startswith("notAfter=")]
    until = dates[0].removeprefix("notAfter=") if dates else "nobody can tell when"
    yield Finding("content", path, f"the certificate ends: {until}", remedy="run the playbook")
