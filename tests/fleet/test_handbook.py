"""The handbook is true: each block of its commands is typed on a real host, in its order."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from tests.fleet import bench, fleet
from tests.fleet.image import SOURCE, STATE
from tests.fleet.machines import controller, key

PAGE = SOURCE / "docs/operations/handbook.md"
BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HOST = "staging.example.org"
CONFIG = """\
Host {name}
  HostName {address}
Host *
  IdentityFile {keys}/provider
  IdentityFile {keys}/ann
  IdentitiesOnly yes
  BatchMode yes
  UserKnownHostsFile {known}
"""


def sections():
    """Return the title of each section with the blocks of commands in it."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)[1:]
    texts = dict(zip(parts[::2], parts[1::2], strict=True))
    return {
        title: [textwrap.dedent(found[2]) for found in BLOCK.finditer(text)]
        for title, text in texts.items()
    }


class Desk:
    """A person's clone and home, as the handbook takes them for granted."""

    def __init__(self, folder, host):
        self.host, self.home = host, folder / "home"
        self.work = bench.at_what_is_live(host, fleet.Work(folder / "clone"))
        self.closed = self.secret = ""
        (self.home / ".ssh").mkdir(parents=True)
        self.facts = self._inventory()
        self._know(host)

    def _know(self, host):
        """Let ssh find the host by the handbook's name, with the keys of root's and Ann's."""
        known = self.home / ".ssh" / "known_hosts"
        shutil.copy(STATE / "known_hosts", known)
        public = host.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[:2]
        with known.open("a") as file:
            file.write(f"{HOST} {' '.join(public)}\n")
        text = CONFIG.format(name=HOST, address=host.address, keys=STATE / "keys", known=known)
        (self.home / ".ssh" / "config").write_text(text)

    def _inventory(self):
        """Fill in what the first step says; return the file with the facts of the site."""
        given = json.loads(fleet._inventory("staging", self.host).read_text())
        folder = self.work.folder / "ansible/inventories/staging"
        (folder / "group_vars/studium.yml").write_text(yaml.safe_dump(given["studium"]["vars"]))
        reached = {"ansible_user": "root", "ansible_host": HOST}
        reached["ansible_ssh_common_args"] = f"-F {self.home}/.ssh/config"
        hosts = {"studium": {"hosts": {HOST: reached}}}
        (folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
        return folder / "group_vars/studium.yml"

    def change(self, **facts):
        self.facts.write_text(yaml.safe_dump(yaml.safe_load(self.facts.read_text()) | facts))

    def type(self, block):
        """Type a block as its reader does; every line of it has to succeed."""
        tools = Path(sys.executable).parent
        env = {
            "PATH": f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "GIT_SSH_COMMAND": f"ssh -F {self.home}/.ssh/config",
            **{f"GIT_{who}_{what}": f"ann@{HOST}" for who in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")},
        }  # fmt: skip
        # ssh takes a person's home from the system, not from the environment
        ssh = f'ssh() {{ command ssh -F {self.home}/.ssh/config "$@"; }}\n'
        words = ("bash", "-eu", "-c", ssh + block)
        done = controller(*words, check=False, env=env, folder=self.work.folder, limit_s=900)
        return subprocess.CompletedProcess(block, done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def desk(provisioned, first_push, tmp_path_factory):
    assert first_push[1].returncode == 0, first_push[1].stdout
    made = Desk(tmp_path_factory.mktemp("handbook"), provisioned)
    yield made
    told = fleet.provision(provisioned, "--tags", "keys")  # Ben gets his key back
    assert not told.failed, told.text


# --- the sections: what only a person can do first, and what is seen afterwards -------------------
def take_away_a_key(desk):
    facts = {"deploy_keys": [{"name": "ann", "key": key("ann").read_text().strip()}]}
    desk.facts.write_text(yaml.safe_dump(yaml.safe_load(desk.facts.read_text()) | facts))
    desk.secret = desk.host.ssh("grep SECRET_KEY /srv/studium/secrets.env").stdout.strip()
    assert len(desk.secret) > len("STUDIUM_SECRET_KEY=")


def edit_a_file(desk):
    desk.host.ssh("echo '# by hand' >> /etc/cron.d/studium")


FIRST = {"Rotate keys": take_away_a_key, "Incident": edit_a_file}


def provisioned_well(desk, said):
    assert said[0].count("failed=0") == 2
    assert "0 loaded units listed" in said[-1]


def releases(desk):
    """Return the rows of releases: looks at drift and backups have rows of their own."""
    return [row for row in bench.rows(desk.host) if row["kind"] in {"push", "rollback"}]


def released(desk, said):
    rows = releases(desk)[-2:]
    assert [row["outcome"] for row in rows] == ["live", "live"]
    assert "/accounts/" in said[-1]


def rolled_back(desk, said):
    rows = releases(desk)[-2:]
    assert [row["outcome"] for row in rows] == ["rolled back", "live"]
    assert rows[0]["options"] == {"reason": "The new pages are slow"}


def rotated(desk, said):
    told = desk.host.ssh("status", user="deploy", identity="ben", check=False)
    assert "Permission denied" in told.stderr
    assert desk.secret not in desk.host.ssh("cat /srv/studium/secrets.env").stdout


def over(desk, said):
    assert "Back at noon" in desk.closed
    assert fleet.ask(desk.host, "/accounts/sign-in/").status == 200
    assert "by hand" not in desk.host.ssh("cat /etc/cron.d/studium").stdout


AFTERWARDS = {
    "Provision": provisioned_well,
    "Release": released,
    "Roll back": rolled_back,
    "Rotate keys": rotated,
    "Incident": over,
}


@pytest.mark.parametrize("title", sections())
def test_each_section_of_the_handbook_does_what_it_says(desk, title):
    FIRST.get(title, lambda _: None)(desk)
    said = []
    for block in sections()[title]:
        told = desk.type(block)
        assert told.returncode == 0, f"{block}\n{told.stdout}"
        said.append(told.stdout)
        if "maintenance:staging on" in block:
            desk.closed = fleet.ask(desk.host, "/").body
    AFTERWARDS[title](desk, said)
    bench.assert_whole(desk.host, bench.branch(desk.host))


def test_every_command_of_the_handbook_stands_in_a_block_that_is_typed():
    """A block of another kind, or one that the pattern overlooks, would not be tried."""
    fences = PAGE.read_text().count("```")
    blocks = [block for found in sections().values() for block in found]
    assert fences == 2 * len(blocks)
    assert set(sections()) == set(AFTERWARDS)
