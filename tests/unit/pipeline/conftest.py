import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from pipeline import site as sites
from pipeline.git import Repository

EXAMPLE = Path(__file__).parents[3] / "deploy" / "site.example.toml"


@pytest.fixture
def site(tmp_path):
    shutil.copy(EXAMPLE, tmp_path / "site.toml")
    facts = (tmp_path / "site.toml").read_text().replace('run = "run" ', f'run = "{_short()}" ')
    (tmp_path / "site.toml").write_text(facts)
    made = sites.load(tmp_path / "site.toml")
    for folder in (made.run, made.vassals, made.logs):
        folder.mkdir(parents=True, exist_ok=True)
    yield made
    shutil.rmtree(made.run)


@pytest.fixture
def running(site):
    """The site's emperor runs: a process of the same name plays it."""
    with subprocess.Popen(["uwsgi", "600"], executable=shutil.which("sleep")) as player:
        site.emperor_pid.write_text(str(player.pid))
        yield site
        player.kill()


def _short():
    return tempfile.mkdtemp(prefix="stu-", dir="/tmp")


@pytest.fixture
def git(tmp_path):
    """Run git in a work tree; returns what it printed."""
    tree = tmp_path / "tree"
    tree.mkdir()

    def run(*words):
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@lab.invalid")
        done = subprocess.run(
            ("git", *identity, *words), cwd=tree, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("init", "-q", "-b", "dev")
    return run


@pytest.fixture
def commit(git, tmp_path):
    """Commit files and return the commit's name."""

    def make(subject="A change", **files):
        for name, content in files.items():
            path = tmp_path / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", subject)
        return git("rev-parse", "HEAD")

    return make


@pytest.fixture
def repository(tmp_path, git):
    return Repository(tmp_path / "tree" / ".git")
