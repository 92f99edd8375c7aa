"""The handbook is true: each block of its commands is typed on a real host, in its order."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from tests.fleet import bench, fleet, stores
from tests.fleet.image import SOURCE, STATE
from tests.fleet.machines import Host, controller, key

PAGE = SOURCE / "docs/operations/handbook.md"
BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HOST = "staging.example.org"
FILE = "/srv/studium/media/handbook/answers.csv"
LEFT = "INSERT INTO auth_group (name) VALUES ('readers')"
TAKEN = "DELETE FROM auth_group WHERE name = 'readers'"
CONFIG = """\
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
        self.end = ExitStack()  # what is put away after a section
        (self.home / ".ssh").mkdir(parents=True)
        self.facts = self._inventory()
        self.know({HOST: host})

    def know(self, hosts):
        """Let ssh find hosts by the handbook's names, with the keys of root's and Ann's."""
        known = self.home / ".ssh" / "known_hosts"
        shutil.copy(STATE / "known_hosts", known)
        with known.open("a") as file:
            for name, host in hosts.items():
                public = host.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[:2]
                file.write(f"{name} {' '.join(public)}\n")
        each = "".join(f"Host {name}\n  HostName {host.address}\n" for name, host in hosts.items())
        text = each + CONFIG.format(keys=STATE / "keys", known=known)
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
def keep_copies(desk):
    """Let a host keep copies of what people left on the site, and another one stand unused."""
    store, new, site = Host("backup"), Host("restored"), desk.host
    secret, recipient = stores.key_pair(site)
    for host in (store, new):
        desk.end.callback(host.destroy)
    fleet.bare("backup")
    fleet.from_layer("restored")
    desk.end.enter_context(stores.as_before(site))
    told = stores.provision(site, store, backup_recipient=recipient)
    assert [failed for _, failed in stores.recaps(told).values()] == [0, 0], told
    leave_something(desk)
    desk.end.callback(desk.know, {HOST: site})
    desk.know({HOST: site, "backup.example.org": store, "new.example.org": new})
    file = desk.work.folder / "studium-backup.key"
    desk.end.callback(file.unlink)
    file.write_text(secret)


def leave_something(desk):
    """Leave a row and an upload on the site, until the section is over."""
    folder = FILE.rpartition("/")[0]
    desk.end.callback(desk.host.ssh, f"rm {FILE}; rmdir --ignore-fail-on-non-empty {folder}")
    desk.host.ssh(
        f"install -d -o studium -g www-data -m 2750 {folder}; "
        f"echo answers | install -o studium -g www-data -m 640 /dev/stdin {FILE}"
    )
    desk.end.callback(bench.sql, desk.host, TAKEN)
    bench.sql(desk.host, LEFT)


def take_away_a_key(desk):
    facts = {"deploy_keys": [{"name": "ann", "key": key("ann").read_text().strip()}]}
    desk.facts.write_text(yaml.safe_dump(yaml.safe_load(desk.facts.read_text()) | facts))
    desk.secret = desk.host.ssh("grep SECRET_KEY /srv/studium/secrets.env").stdout.strip()
    assert len(desk.secret) > len("STUDIUM_SECRET_KEY=")


def change_something(desk):
    """Commit what the first of the two releases brings."""
    desk.work.commit("Change something")


def edit_a_file(desk):
    desk.end.callback(desk.host.ssh, "rm -f /srv/studium/maintenance.json")  # if it breaks off
    desk.host.ssh("echo '# by hand' >> /etc/cron.d/studium")


FIRST = {
    "Release": change_something,
    "Restore": keep_copies,
    "Rotate keys": take_away_a_key,
    "Incident": edit_a_file,
}


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


def restored(desk, said):
    new = Host("restored")
    health = fleet.ask(new, "/health/ready/", name=fleet.domain("staging")).json()
    assert health["commit"] == bench.live(desk.host)
    assert said[2].count("Nothing was changed.") == 1
    assert new.ssh(f"cat {FILE}; stat -c '%U:%G %a' {FILE}").stdout == (
        "answers\nstudium:www-data 640\n"
    )
    assert "readers" in bench.sql(new, "SELECT name FROM auth_group")
    assert "restore-2" in said[3]
    assert "0 loaded units listed" in said[3]


def rotated(desk, said):
    told = desk.host.ssh("status", user="deploy", identity="ben", check=False)
    assert "Permission denied" in told.stderr
    assert desk.secret not in desk.host.ssh("cat /srv/studium/secrets.env").stdout


def over(desk, said):
    assert "Back at noon" in desk.closed
    assert fleet.ask(desk.host, "/").status == 200
    assert "by hand" not in desk.host.ssh("cat /etc/cron.d/studium").stdout


AFTERWARDS = {
    "Provision": provisioned_well,
    "Release": released,
    "Roll back": rolled_back,
    "Restore": restored,
    "Rotate keys": rotated,
    "Incident": over,
}


@pytest.mark.parametrize("title", sections())
def test_each_section_of_the_handbook_does_what_it_says(desk, title):
    with desk.end:
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
