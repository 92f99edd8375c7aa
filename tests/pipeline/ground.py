"""A real site on this machine to test on: git, the hooks, uWSGI, nginx and HTTP, in a short folder.

It is built from a clone of the commit that is checked out, by the code that `make up` uses. A small
application is added to the clone: what tests need (slow answers, echoes, migrations) is no part of
the product.
"""

import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from laptop import emperor, facts, front, keeper, ports, server, sites
from laptop.console import Console
from laptop.daemons import clean_environment
from laptop.layout import Clone, own_folder
from pipeline import ledger, lock, releases, vassals
from pipeline.site import Site

SOURCE = Path(__file__).resolve().parents[2]
BENCH = Path(__file__).with_name("bench_app")
CACHE = SOURCE / ".state" / "pipeline-cache"
NAME = "staging"
FIRST_PORT = 8700 + 20 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
GITCONFIG = Path(__file__).with_name("gitconfig")


@dataclass(frozen=True)
class Told:
    """What a command said, and how long it took."""

    code: int
    text: str
    seconds: float


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def environment(**more):
    """Return what a person's git sees: nothing of ours, nothing of this machine's user."""
    alice = {"GIT_CONFIG_GLOBAL": str(GITCONFIG), "GIT_CONFIG_NOSYSTEM": "1"}
    return clean_environment() | alice | more


def run(*words, folder=None, env=None, check=True, timeout=600):
    began = time.monotonic()
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=timeout,
    )
    assert not check or done.returncode == 0, done.stdout
    return Told(done.returncode, done.stdout, time.monotonic() - began)


class Work:
    """A person's clone of the site's branch."""

    def __init__(self, folder, remote):
        self.folder, self.remote = folder, str(remote)

    def git(self, *words, check=True, **more):
        return run("git", "-C", self.folder, *words, check=check, **more)

    @property
    def head(self):
        return self.git("rev-parse", "HEAD").text.strip()

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def add(self, name, text):
        """Put text at the end of a file."""
        self.write(name, (self.folder / name).read_text() + text)

    def commit(self, subject):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        return self.head

    def push(self, *options, what=f"HEAD:refs/heads/{NAME}", **more):
        words = [part for option in options for part in ("-o", option)]
        return self.git("push", *words, self.remote, what, check=False, **more)

    def start_push(self, *, env=None, remote=None):
        """Start a push as a terminal does: in a process group of its own, heeding Ctrl-C."""
        return subprocess.Popen(
            [
                "git",
                "-C",
                str(self.folder),
                "push",
                remote or self.remote,
                f"HEAD:refs/heads/{NAME}",
            ],
            env=env or environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def back_to(self, commit):
        self.git("fetch", "--quiet", self.remote)
        self.git("reset", "--quiet", "--hard", commit)
        self.git("clean", "--quiet", "-fd")


@dataclass
class Ground:
    """One site, what serves it, and the clone from which it is pushed to."""

    clone: Clone
    site: Site
    work: Work
    others: list[Path] = field(default_factory=list)

    # --- asking ----------------------------------------------------------------------------
    @property
    def port(self):
        return sites.port_of(self.site)

    def ask(self, path, method="GET", body=None, headers=None, timeout=60, **more):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {}, **more)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    @property
    def answering(self):
        """The commit that visitors get."""
        return self.ask("/health/ready/").json()["commit"]

    @property
    def branch(self):
        told = run(
            "git", "-C", self.site.repository, "rev-parse", "--quiet", self.site.ref, check=0
        )
        return told.text.strip()

    @property
    def rows(self):
        return ledger.read(self.site.ledger)

    def rows_of(self, commit):
        return [row for row in self.rows if row["to"] == commit]

    def has(self, commit):
        """Say whether the site's repository has got this commit."""
        return run("git", "-C", self.site.repository, "cat-file", "-e", commit, check=0).code == 0

    def state(self):
        """Return what a refused push must leave as it was."""
        return {
            "branch": self.branch,
            "answering": self.answering,
            "live": self.site.live_release(),
            "serving": vassals.serving(self.site),
            "releases": sorted(path.name for path in self.site.releases.iterdir()),
            "vassals": sorted(path.name for path in self.site.vassals.glob("*.ini")),
        }

    def assert_whole(self, commit=None):
        """Nothing contradicts anything: branch, link, socket, answers, journal, lock and ledger."""
        live = releases.live(self.site)
        assert live is not None
        assert commit in {None, live.commit}
        assert self.branch == live.commit == self.answering
        assert vassals.serving(self.site) == live.id
        assert not self.site.journal.exists()
        assert lock.is_free(self.site.lock)
        assert ledger.verify(self.site.ledger) == []

    # --- doing -----------------------------------------------------------------------------
    def pipeline(self, *words, check=False, **more):
        code = f"{self.site.live}/deploy:{self.site.folder('bootstrap')}"
        env = environment(PYTHONPATH=code, PYTHONDONTWRITEBYTECODE="1")
        line = [sys.executable, "-m", "pipeline", words[0], "--site", self.site.file, *words[1:]]
        return run(*line, env=env, check=check, **more)

    def roll_back(self, *words):
        """Go back; the command returns when the release is live, we wait for the rest too."""
        told = self.pipeline("rollback", *words)
        wait_until(self.is_settled, what="the end of the rollback")
        return told

    def is_settled(self):
        return lock.is_free(self.site.lock) and not self.site.journal.exists()

    def manage(self, *words, check=True):
        return run(self.site.root / "bin" / "manage", *words, check=check)

    def someone_else(self):
        """Return another person's clone of what is live."""
        folder = self.clone.root.parent / f"other-{len(self.others)}"
        run("git", "clone", "--quiet", "--branch", NAME, self.site.repository, folder)
        self.others.append(folder)
        return Work(folder, self.site.repository)


def wait_until(true, limit_s=30, what="it"):
    deadline = time.monotonic() + limit_s
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come within {limit_s} s"
        time.sleep(0.05)


# --- building --------------------------------------------------------------------------------
@contextmanager
def built(*, with_keeper=False, place="/tmp", secrets=None, **changes):
    """Build a site, yield its ground, and end and remove all of it."""
    root = Path(tempfile.mkdtemp(prefix="sp-", dir=place))
    umask = os.umask(0o027)
    try:
        ground = _build(root, changes)
        with ground.site.folder("secrets").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in (secrets or {}).items())
        try:
            _serve(ground, with_keeper=with_keeper)
            yield ground
        finally:
            _end(ground)
    finally:
        os.umask(umask)
        _remove(root)


def _build(root, changes):
    clone = Clone(root / "c")
    run("git", "clone", "--quiet", SOURCE, clone.root)
    _complete(clone.root)
    own_folder(clone.studium)
    (CACHE / "server").mkdir(parents=True, exist_ok=True)
    (clone.studium / "cache").symlink_to(CACHE)
    (clone.studium / "server").symlink_to(CACHE / "server")
    with (CACHE / "server.lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        server.ensure(clone, Console(StringIO()))
    own_folder(clone.site_root(NAME))
    given = facts.first(NAME, ports.choose(FIRST_PORT), "run")
    given["folders"]["cache"] = str(CACHE)
    facts.write(clone.site_file(NAME), given | changes)
    site = sites.ensure(clone, NAME)
    work = Work(root / "w", site.repository)
    run("git", "clone", "--quiet", clone.root, work.folder)
    return Ground(clone, site, work)


def _complete(folder):
    """Give a clone of a shallow clone a history of its own: sites refuse a cut one."""
    if run("git", "-C", folder, "rev-parse", "--is-shallow-repository").text.strip() == "true":
        shutil.rmtree(folder / ".git")
        run("git", "init", "--quiet", folder)
        Work(folder, "").commit("All of it")


def _serve(ground, *, with_keeper):
    front.start(ground.clone, [ground.site])
    emperor.ensure(ground.clone, ground.site, Console(StringIO()))
    if with_keeper:
        keeper.ensure(ground.clone, ground.site)


def _end(ground):
    keeper.daemon(ground.clone, ground.site).stop(10)
    keeper.worker(ground.site).stop(5)
    emperor.daemon(ground.clone, ground.site).stop(15)
    front.daemon(ground.clone).stop(5)


def _remove(root):
    for path, _, _ in os.walk(root):  # releases are read-only
        Path(path).chmod(0o755)
    shutil.rmtree(root, ignore_errors=True)


def add_bench(work):
    """Add the small application to the product, as its developers would."""
    shutil.copytree(BENCH, work.folder / "app" / "bench", ignore=shutil.ignore_patterns("__py*"))
    work.add("app/config/settings/base.py", '\nINSTALLED_APPS.append("bench")\n')
    work.add(
        "app/config/urls.py",
        "\nfrom django.urls import include, path\n"
        'urlpatterns += [path("bench/", include("bench.urls"))]\n',
    )
    return work.commit("Add a bench to test on")


MIGRATION = """
from pathlib import Path
from django.conf import settings
from django.db import migrations, models
{prelude}

class Migration(migrations.Migration):
    {late}
    dependencies = [("bench", "{last}")]
    operations = [{operation}]
"""
ADD = 'migrations.AddField("note", "{name}", models.CharField(max_length=9, null=True))'
DROP = 'migrations.RemoveField("note", "{name}")'


def migration(work, name, operation, *, late=False, prelude="", after=None):
    """Add a migration of the bench after its last one; return its full name."""
    folder = work.folder / "app" / "bench" / "migrations"
    last = after or max(file.stem for file in folder.glob("0*.py"))
    whole = f"{int(last[:4]) + 1:04}_{name}"
    text = MIGRATION.format(
        last=last, operation=operation, prelude=prelude, late="late = True" if late else ""
    )
    work.write(f"app/bench/migrations/{whole}.py", text)
    return f"bench.{whole}"


def digest(content):
    return hashlib.sha256(content).hexdigest()
