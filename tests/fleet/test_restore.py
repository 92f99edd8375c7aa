"""A backup comes back on another host, and a site moves there while people use it."""

import itertools
import shutil
import time
from types import SimpleNamespace

import pytest
from tests.fleet import fleet, stores
from tests.fleet.fleet import SOURCE, STATE
from tests.fleet.machines import SSH, Host, controller
from tests.fleet.visitors import Visitor

PASSWORD = "Correct-horse-9-battery"
UPLOAD = "answers-of-a-participant"
OPEN = 200
ROOT = "/srv/studium"
FILE = f"{ROOT}/media/lab/answers.csv"


class Timed(Visitor):
    """Somebody who notes each answer of a page that maintenance closes, in their order."""

    def __init__(self, host):
        super().__init__(host, "/")
        self.course = []

    def run(self):
        while not self.over.wait(0.05):
            answer = fleet.ask(self.host, self.path, name=fleet.domain("staging"), check=False)
            self.course.append(answer.status)

    def chapters(self):
        """Return the kinds of answers in their order; 0 is a connection that was refused."""
        return [status for status, _ in itertools.groupby(filter(None, self.course))]


@pytest.fixture(scope="module")
def kept(provisioned, first_push, tmp_path_factory):
    """Staging with people and uploads, the host with its copies, and somebody with the key."""
    assert first_push[1].returncode == 0, first_push[1].stdout
    store = Host("backup")
    with stores.as_before(provisioned):
        try:
            fleet.bare("backup")
            secret, recipient = stores.key_pair(provisioned)
            told = stores.provision(provisioned, store, backup_recipient=recipient)
            assert [failed for _, failed in stores.recaps(told).values()] == [0, 0], told
            _fill(provisioned)
            files = provisioned.ssh(f"cd {ROOT}; find media jobs -type f | wc -l").stdout.strip()
            stores.back_up(provisioned)
            stores.pull(store)
            home = tmp_path_factory.mktemp("home")
            (home / "key").write_text(secret)
            (home / "wrong").write_text(stores.other_key(provisioned))
            yield SimpleNamespace(site=provisioned, store=store, home=home, files=files)
        finally:
            store.destroy()


def _fill(host):
    host.ssh(
        f"install -d -o studium -g www-data -m 2750 /srv/studium/media/lab; echo {UPLOAD} | "
        f"install -o studium -g www-data -m 640 /dev/stdin {FILE}; cd /; "
        f"runuser -u deploy -- env DJANGO_SUPERUSER_PASSWORD={PASSWORD} studium-pipeline manage -- "
        "createsuperuser --noinput --username olga --email olga@example.org || true"
    )


@pytest.fixture
def target(machine):
    """A host that Ansible has prepared and nobody has used."""
    host = Host("restored")
    try:
        yield fleet.from_layer("restored")
    finally:
        host.destroy()


def fab(kept, *words):
    """Call fab as somebody does who may log in as root."""
    (kept.home / ".ssh").mkdir(exist_ok=True)
    shutil.copy(STATE / "known_hosts", kept.home / ".ssh")
    env = fleet._environment() | {"HOME": str(kept.home)}
    env["GIT_SSH_COMMAND"] = " ".join([*SSH, "-i", str(STATE / "keys" / "provider")])
    done = controller(fleet._tool("fab"), *words, check=False, env=env, folder=SOURCE)
    return SimpleNamespace(code=done.returncode, said=done.stdout + done.stderr)


def restore(kept, target, *words, key="key"):
    hosts = (f"--source=root@{kept.store.address}", f"--target=root@{target.address}")
    keys = (f"--key={kept.home / key}",) if key else ()
    return fab(kept, "restore", "staging", *hosts, *keys, *words)


def migrate(kept, target, *words):
    hosts = (f"--source=root@{kept.site.address}", f"--target=root@{target.address}")
    return fab(kept, "migrate", "staging", *hosts, *words)


def state(host):
    """Return everything of a host that a restore could change."""
    line = (
        "cd /srv/studium; ls -A . releases vassals repository.git/refs/heads; "
        "find media jobs -type f -exec sha256sum {} +; sha256sum secrets.env ledger.jsonl; cd /; "
        "runuser -u postgres -- psql -XAtc 'SELECT datname FROM pg_database ORDER BY 1'; "
        "runuser -u postgres -- psql -XAtd studium -c 'SELECT count(*) FROM pg_tables'"
    )
    return host.ssh(line, check=False).stdout


def signs_in(host, jar):
    """Sign in as a person does: fetch the form, send it, look at a page for operators."""

    def ask(path, *flags):
        return fleet.ask(host, path, "-b", jar, "-c", jar, *flags, name=fleet.domain("staging"))

    form = ask("/accounts/sign-in/").body
    token = form.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    name = fleet.domain("staging")
    flags = ["-H", f"Referer: https://{name}/accounts/sign-in/"]
    for field in (f"csrfmiddlewaretoken={token}", "username=olga", f"password={PASSWORD}"):
        flags += ["--data-urlencode", field]
    ask("/accounts/sign-in/", *flags)
    return ask("/ops/backups/").status == 200


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(kept, target):
    before = state(target)
    told = restore(kept, target, "--dry-run")
    assert told.code == 0, told.said
    for words in (
        "would load",
        f"would bring {kept.files} uploaded",
        "would release",
        "Nothing was",
    ):
        assert words in told.said
    assert state(target) == before


@pytest.mark.parametrize(
    ("key", "words"), [("", "bring its key"), ("wrong", "cannot be decrypted")]
)
def test_without_the_right_key_nothing_comes_back(kept, target, key, words):
    before = state(target)
    told = restore(kept, target, key=key)
    assert told.code != 0
    assert words in told.said
    assert state(target) == before
    assert target.ssh("ls /run | grep studium-key || true").stdout == ""


def test_a_backup_comes_back_on_another_host_and_people_sign_in(kept, target, tmp_path):
    commit = fleet.ask(kept.site, "/health/ready/").json()["commit"]
    told = restore(kept, target)
    assert told.code == 0, told.said
    health = fleet.ask(target, "/health/ready/", name=fleet.domain("staging")).json()
    assert health["commit"] == commit
    assert target.ssh(f"cat {FILE}; stat -c '%U:%G %a' {FILE}").stdout == (
        f"{UPLOAD}\nstudium:www-data 640\n"
    )
    assert signs_in(target, tmp_path / "jar")
    rows = target.ssh("runuser -u deploy -- studium-pipeline log --count 3")
    assert "restore-2" in rows.stdout
    secrets = "grep SECRET_KEY /srv/studium/secrets.env"
    assert target.ssh(secrets).stdout == kept.site.ssh(secrets).stdout
    assert target.ssh("systemctl --failed --no-legend").stdout == ""

    # a host with data is refused; with the flag what fails is undone, and what works goes aside
    refused = restore(kept, target)
    assert refused.code != 0
    assert "This host holds" in refused.said
    target.ssh(f"echo later >> {FILE}; systemctl stop studium-emperor")
    failed = restore(kept, target, "--replace")
    assert failed.code != 0
    assert "everything is as it was before" in failed.said
    target.ssh("systemctl start studium-emperor; systemctl restart studium-recover || true")
    assert target.ssh(f"cat {FILE}").stdout == f"{UPLOAD}\nlater\n"
    _wait_until(lambda: live(target) == commit)
    replaced = restore(kept, target, "--replace")
    assert replaced.code == 0, replaced.said
    assert target.ssh(f"cat {FILE}").stdout == f"{UPLOAD}\n"
    assert target.ssh("cat /srv/studium/before-*/media/lab/answers.csv").stdout.endswith("later\n")
    assert live(target) == commit


def live(host):
    answer = fleet.ask(host, "/health/ready/", name=fleet.domain("staging"), check=False)
    return answer.json()["commit"] if answer.status == 200 else ""


def _wait_until(what, limit_s=60):
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.5)


def test_a_damaged_copy_is_refused_before_anything_is_changed(kept, target):
    newest = stores.ids(kept.store, stores.HELD)[-1]
    file = f"{stores.HELD}/{newest}/database.dump.age"
    kept.store.ssh(f"cp -p {file} /root/kept; printf X | dd of={file} bs=1 seek=5000 conv=notrunc")
    before = state(target)
    try:
        told = restore(kept, target, f"--set={newest}")
        assert told.code != 0
        assert "another checksum" in told.said
        assert state(target) == before
    finally:
        kept.store.ssh(f"cp -p /root/kept {file}")


FROZEN = "cd /; runuser -u studium -- psql -XAtd studium -c 'DELETE FROM ops_counter'"


def test_a_move_that_fails_is_given_up_and_nobody_notices(kept, target):
    commit = live(kept.site)
    plan = migrate(kept, target, "--dry-run")
    assert plan.code == 0, plan.said
    assert "would close the site" in plan.said
    target.ssh("systemctl stop studium-emperor")
    with Timed(kept.site) as visitor:
        given_up = migrate(kept, target, "--yes")
    assert given_up.code != 0
    assert "The move is given up; the old host goes on." in given_up.said
    assert visitor.chapters() == [OPEN]
    assert 0 not in visitor.course
    assert live(kept.site) == commit
    assert kept.site.ssh(FROZEN, check=False).returncode == 0


@pytest.fixture
def moved(kept, target):
    """The site after its move, with what somebody saw meanwhile; it goes back afterwards."""
    commit = live(kept.site)
    try:
        with Timed(kept.site) as visitor:
            told = migrate(kept, target, "--yes")
            assert told.code == 0, told.said
            _wait_until(lambda: live(kept.site) == commit)
            time.sleep(1)
        yield visitor
    finally:
        back = migrate(kept, target, "--abort")
    assert back.code == 0, back.said
    _wait_until(lambda: live(kept.site) == commit)
    assert kept.site.ssh("systemctl is-active nginx").stdout == "active\n"
    assert kept.site.ssh(FROZEN, check=False).returncode == 0


def test_a_site_moves_and_is_closed_only_as_announced(kept, target, moved, tmp_path):
    assert moved.chapters() == [OPEN, 503, OPEN]
    first = moved.course.index(503)
    assert 0 not in moved.course[:first]
    assert moved.course.count(0) < moved.course.count(503)  # while nginx hands its ports over
    release = fleet.ask(target, "/health/ready/", name=fleet.domain("staging")).json()["release"]
    assert fleet.ask(kept.site, "/health/ready/").json()["release"] == release
    assert signs_in(kept.site, tmp_path / "jar")
    assert target.ssh(f"cat {FILE}").stdout == f"{UPLOAD}\n"
    assert "read-only" in kept.site.ssh(FROZEN, check=False).stderr
    for unit in ("studium-moved@443.service", "studium-moved@80.service"):
        scored = kept.site.ssh(f"systemd-analyze security --no-pager {unit} | tail -n1").stdout
        assert float(scored.partition(": ")[2].split()[0]) <= 2.5
