"""Hosts that keep copies: provisioned beside a site, and what can be asked of both."""

import json
from contextlib import contextmanager

from tests.fleet import fleet
from tests.fleet.fleet import ANSIBLE, STATE
from tests.fleet.machines import controller

SETS = "/var/backups/studium/sets"
CHANGED = (
    "etc/studium/backup.toml",
    "etc/ssh/authorized_keys.d/studium-backup",
    "var/lib/studium-drift",
)
HELD = "/var/backups/studium-store/staging/sets"


def provision(site, store, *flags, **facts):
    """Run the playbook for a site with a host that keeps copies of its backups."""
    inventory = fleet._inventory("staging", site)
    told = json.loads(inventory.read_text())
    [reached] = told["studium"]["hosts"].values()
    own = fleet.yaml.safe_load((ANSIBLE / "inventories/staging/group_vars/backup.yml").read_text())
    told["studium"]["vars"] |= facts
    told["backup"] = {
        "hosts": {fleet.domain(store.name): reached | {"ansible_host": store.address}},
        "vars": own,
    }
    inventory = STATE / "inventories" / f"{site.name}-and-{store.name}.yml"
    inventory.write_text(json.dumps(told))
    words = [fleet._tool("ansible-playbook"), *flags, "-i", inventory, ANSIBLE / "site.yml"]
    done = controller(*words, check=False, env=fleet._environment(), folder=ANSIBLE, limit_s=1500)
    return done.stdout + done.stderr


def recaps(text):
    """Return what changed and what failed on each host."""
    lines = [line for line in text.splitlines() if "unreachable=" in line]
    return {line.split()[0]: _numbers(line) for line in lines}


def _numbers(line):
    numbers = dict(word.split("=") for word in line.split() if "=" in word)
    return int(numbers["changed"]), int(numbers["failed"]) + int(numbers["unreachable"])


@contextmanager
def as_before(host):
    """Let a host be afterwards as its own inventory alone makes it, for whoever asks it next."""
    files = " ".join(CHANGED)
    host.ssh(f"tar -C / -cpf /root/before.tar {files}")
    try:
        yield
    finally:
        host.ssh("tar -C / -xpf /root/before.tar; systemctl reset-failed")


def key_pair(host):
    """Return an age key as an operator makes one, by a host's own age; it stays off the hosts."""
    told = host.ssh("age-keygen 2>/dev/null").stdout
    recipient = next(word for word in told.split() if word.startswith("age1"))
    return told, recipient


def back_up(host, check=True):
    """Let the host's unit run now; return what it said."""
    done = host.ssh("systemctl start studium-backup", check=False)
    said = host.ssh("journalctl -u studium-backup -o cat -n 12 --no-pager").stdout
    assert not check or not done.returncode, said
    return said


def pull(store, check=True):
    done = store.ssh("systemctl start studium-pull@staging", check=False)
    said = store.ssh("journalctl -u studium-pull@staging -o cat -n 12 --no-pager").stdout
    assert not check or not done.returncode, said
    return said


def ids(host, folder=SETS):
    return host.ssh(f"ls {folder}").stdout.split()


def report(host):
    return json.loads(host.ssh("cat /var/lib/studium-backup/report.json").stdout)


def rows(host):
    lines = host.ssh("cat /srv/studium/ledger.jsonl").stdout.splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == "backup"]


def other_key(host):
    """Return an age key to which nothing was encrypted."""
    return host.ssh("age-keygen 2>/dev/null").stdout
