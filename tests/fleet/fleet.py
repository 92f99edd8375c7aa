"""The hosts as Studium's: provisioned by Ansible, pushed to by ssh, asked over TLS."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.fleet import goods, image
from tests.fleet.image import SOURCE, STATE, run
from tests.fleet.machines import CONTROLLER, HOSTS, SSH, Host, controller, key, take_network_away

ANSIBLE = SOURCE / "ansible"
PEOPLE = ("ann", "ben")
QUICK = "STUDIUM_FLEET_QUICK" in os.environ
ALIVE = ("-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=3")  # a host may lose its power
OF_A_HOST = (
    *("ansible", "deploy/server", "deploy/hooks", "deploy/pipeline"),
    *("deploy/backup", "deploy/drift"),
)
NAMES = ("staging", "production")


SITE = """\
name = "{name}"
branch = "{name}"
environment = "{name}"
[reach]
remote = "pn-{name}"
ssh = "deploy@{address}"
site_file = "/srv/studium/site.toml"
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Recap:
    """What Ansible says at its end about one host."""

    text: str
    changed: int
    failed: int


def domain(name):
    return f"{name}.studium.test"


# --- provisioning ----------------------------------------------------------------------------
def provision(host, *flags, site=None):
    """Run the playbook against a host; return what it said."""
    inventory = _inventory(site or host.name, host)
    words = [_tool("ansible-playbook"), *flags, "-i", inventory, ANSIBLE / "site.yml"]
    done = controller(*words, check=False, env=_environment(), folder=ANSIBLE, limit_s=1500)
    return _recap(done.stdout + done.stderr)


def _recap(text):
    line = next((line for line in text.splitlines() if "unreachable=" in line), "")
    numbers = dict(word.split("=") for word in line.split() if "=" in word)
    failed = int(numbers.get("failed", 1)) + int(numbers.get("unreachable", 1))
    return Recap(text, int(numbers.get("changed", -1)), failed)


def _tool(name):
    return Path(sys.executable).with_name(name)


def _environment():
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(STATE),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
    }


def _inventory(name, host):
    """Write an inventory like the repository's own, with this fleet's addresses and keys."""
    facts = yaml.safe_load((ANSIBLE / "inventories" / name / "group_vars/studium.yml").read_text())
    certificate = certify(name)
    own = {
        "site_hosts": [domain(name)],
        "deploy_keys": _keys(name),
        "site_goods": str(goods.folder()),
        "site_certificate": str(certificate.with_suffix(".pem")),
        "site_certificate_key": str(certificate.with_suffix(".key")),
    }
    assert set(own) <= set(facts)
    reached = {
        "ansible_host": host.address,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(STATE / "keys" / "provider"),
        "ansible_ssh_common_args": " ".join(SSH[1:]),
    }
    file = STATE / "inventories" / f"{host.name}.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        json.dumps({"studium": {"hosts": {domain(name): reached}, "vars": facts | own}})
    )
    return file


def _keys(name):
    """Return who may reach a site: people, GitHub, and on staging who may only ask."""
    who = {person: {"key": person} for person in PEOPLE}
    who["github"] = {"key": f"github-{name}", "may": ["push"]}
    if name == "staging":
        who["github-production"] = {"key": "asks", "may": []}
    return [
        {"name": each, **facts, "key": key(facts["key"]).read_text().strip()}
        for each, facts in who.items()
    ]


# --- certificates ----------------------------------------------------------------------------
def authority():
    """Return the fleet's own certificate authority."""
    file = STATE / "tls" / "authority"
    if not file.with_suffix(".pem").exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        _openssl("req", "-x509", *_key_of(file), "-days", "30", "-subj", "/CN=Fleet",
                 "-out", file.with_suffix(".pem"))  # fmt: skip
    return file.with_suffix(".pem")


def certify(name):
    """Return the path, without its ending, of a certificate that the authority has signed."""
    file, signer = STATE / "tls" / name, authority().with_suffix("")
    if not file.with_suffix(".pem").exists():
        _openssl("req", *_key_of(file), "-subj", f"/CN={domain(name)}", "-out", f"{file}.csr")
        Path(f"{file}.ext").write_text(f"subjectAltName=DNS:{domain(name)}\n")
        _openssl("x509", "-req", "-in", f"{file}.csr", "-days", "30", "-extfile", f"{file}.ext",
                 "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial",
                 "-out", f"{file}.pem")  # fmt: skip
    return file


def _key_of(file):
    curve = ("-pkeyopt", "ec_paramgen_curve:P-256")
    return ("-newkey", "ec", *curve, "-nodes", "-keyout", file.with_suffix(".key"))


def _openssl(*words):
    run("openssl", *words)


# --- hosts -----------------------------------------------------------------------------------
def bare(name):
    """Return a host as a provider hands it over."""
    return _booted(Host(name), image.tree())


def from_layer(name):
    """Return a host that was provisioned before: seconds instead of minutes."""
    return _booted(Host(name), baked(), image.tree())


def _booted(host, *layers, upon=None):
    host.create(*layers, upon=upon)
    host.start()
    host.wait()
    return host


def baked():
    """Return what the playbook makes of a bare Debian, made once per state of what it copies.

    With STUDIUM_FLEET_QUICK set it is made of the newest one that is there: quick, for somebody who
    tries a role again and again, but what a role no longer brings stays.
    """
    layer = HOSTS / f"baked-{_version()}"
    if not layer.exists():
        host = Host("fresh")
        try:
            _booted(host, image.tree(), upon=_newest() if QUICK else None)
            told = provision(host, site="staging")
            assert not told.failed, told.text
            host.power_off()
            (host.place / "upper").rename(layer)
            layer.touch()
        finally:
            host.destroy()
        _prune()
    return layer


def _layers():
    """Return the layers that are there, the oldest first."""
    return sorted(HOSTS.glob("baked-*"), key=lambda layer: layer.stat().st_mtime)


def _newest():
    return next(reversed(_layers()), None)


def _prune():
    """Keep the newest two layers, and those that a host stands upon."""
    used = "".join(file.read_text() for file in HOSTS.glob("*/layers"))
    for layer in _layers()[:-2]:
        if layer.name not in used:
            shutil.rmtree(layer)


def _version():
    """Return a mark of everything that a host is made of."""
    names = run("git", "-C", SOURCE, "ls-files", "--", *OF_A_HOST).split()
    contents = [name.encode() + (SOURCE / name).read_bytes() for name in names]
    keys = [each["name"] for each in _keys("staging")]
    tree = f"{image.tree().name} {goods.folder().name} {keys}".encode()
    return hashlib.sha256(b"".join([tree, *contents])).hexdigest()[:12]


def remove(*hosts):
    for host in hosts:
        host.destroy()
    take_network_away()


# --- people ----------------------------------------------------------------------------------
def repository(host):
    return f"ssh://deploy@{host.address}/srv/studium/repository.git"


class Work:
    """A person's clone, from which the sites are pushed to by ssh."""

    def __init__(self, folder, who="ann"):
        self.folder, self.who = Path(folder), who
        run("git", "clone", "-q", "--no-local", SOURCE, self.folder)

    def git(self, *words, check=True, who=None):
        line, env = self._line(who, *words)
        done = controller(*line, check=check, env=env)
        return subprocess.CompletedProcess(words, done.returncode, done.stdout + done.stderr, "")

    def _line(self, who, *words):
        """Return what to run, and the environment that makes it this person's git."""
        nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        person = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        identity = STATE / "keys" / (who or self.who)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(STATE)} | nobody
        env["GIT_SSH_COMMAND"] = " ".join([*SSH, *ALIVE, "-i", str(identity)])
        return ("git", *person, "-C", self.folder, *words), env

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def add(self, name, text):
        """Put text at the end of a file."""
        self.write(name, self.read(name) + text)

    def read(self, name):
        return (self.folder / name).read_text()

    def commit(self, subject):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, host, *options, what=None, who=None):
        flags = [part for option in options for part in ("-o", option)]
        ref = what or f"HEAD:refs/heads/{host.name}"
        return self.git("push", *flags, repository(host), ref, check=False, who=who)

    def start_push(self, host, who=None):
        """Start a push as a terminal does: in a process group of its own, heeding Ctrl-C."""
        ref = f"HEAD:refs/heads/{host.name}"
        line, env = self._line(who, "push", repository(host), ref)
        return subprocess.Popen(
            ["ip", "netns", "exec", CONTROLLER, *map(str, line)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def fab(self, host, *words, who=None):
        """Call fab as a person does, in a clone that knows the host's site."""
        home = self.folder.parent / f"home-{who or self.who}"
        (home / ".ssh").mkdir(parents=True, exist_ok=True)
        shutil.copy(STATE / "known_hosts", home / ".ssh")
        identity = STATE / "keys" / (who or self.who)
        (home / ".ssh" / "config").write_text(f"Host *\n  IdentityFile {identity}\n")
        (self.folder / "sites").mkdir(exist_ok=True)
        self.write(f"sites/{host.name}.toml", SITE.format(name=host.name, address=host.address))
        env = _environment() | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
        env["GIT_SSH_COMMAND"] = " ".join([*SSH, "-i", str(identity)])
        done = controller(_tool("fab"), *words, check=False, env=env, folder=self.folder)
        return subprocess.CompletedProcess(words, done.returncode, done.stdout + done.stderr, "")


def ask(host, path, *flags, name=None, scheme="https", check=True):
    """Ask a host as a browser does: by its name, over TLS, trusting the fleet's authority."""
    name = name or domain(host.name)
    port = 443 if scheme == "https" else 80
    words = ["curl", "-sS", "-i", "--max-time", "20", "--cacert", str(authority())]
    words += ["--http1.1", "--resolve", f"{name}:{port}:{host.address}", *flags]
    done = controller(*words, f"{scheme}://{name}{path}", check=check)
    if done.returncode:
        return Answer(0, {}, done.stderr)
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.splitlines()
    headers = [line.partition(": ") for line in lines]
    return Answer(int(status.split()[1]), {key.lower(): value for key, _, value in headers}, body)
