"""What a deploy key may ask for, and that everything else is refused."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "deploy" / "server" / "usr" / "local" / "bin" / "studium-gate"
REPOSITORY = "/srv/studium/repository.git"
FAB = (
    "env PYTHONPATH=/srv/studium/live/deploy:/srv/studium/bootstrap python3 -B -m pipeline "
    "{} --site /srv/studium/site.toml"
)
COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture(scope="module")
def program():
    return runpy.run_path(str(FILE))["program"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (f"git-receive-pack '{REPOSITORY}'", ["git-receive-pack", REPOSITORY]),
        (f"git-upload-pack '{REPOSITORY}'", ["git-upload-pack", REPOSITORY]),
        ("status", ["studium-pipeline", "status"]),
        ("status --json", ["studium-pipeline", "status", "--json"]),
        ("log --count 5 --json", ["studium-pipeline", "log", "--count", "5", "--json"]),
        (f"plan {COMMIT}", ["studium-pipeline", "plan", COMMIT]),
        (FAB.format("status"), ["studium-pipeline", "status"]),
        (FAB.format("log") + " --count 20", ["studium-pipeline", "log", "--count", "20"]),
        (FAB.format("plan") + f" -- {COMMIT}", ["studium-pipeline", "plan", "--", COMMIT]),
    ],
)
def test_a_key_may_push_read_and_ask(program, asked, words):
    assert program(asked) == words


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "sh",
        "git-receive-pack",
        "git-receive-pack '/srv/other.git'",
        f"git-receive-pack '{REPOSITORY}/../site.toml'",
        f"git-receive-pack '{REPOSITORY}' --stateless-rpc",
        f"git-upload-archive '{REPOSITORY}'",
        f"git-upload-pack '{REPOSITORY}'; id",
        f"git-upload-pack '{REPOSITORY}' && id",
        f"git-upload-pack $(id) '{REPOSITORY}'",
        "status; id",
        "status --site /etc/passwd",
        "'status --json'",
        "log --count 99999",
        "log --count '5 --json'",
        "plan HEAD",
        "plan --site=/tmp/x",
        "manage -- shell",
        "rollback",
        "finish",
        "carry /tmp/order",
        FAB.format("manage") + " -- shell",
        FAB.format("rollback"),
        FAB.format("status").replace("live", "tmp"),
        FAB.format("status").replace("site.toml", "other.toml"),
        "status 'unclosed",
        "scp -t /tmp",
        "internal-sftp",
    ],
)
def test_everything_else_is_refused(program, asked):
    assert program(asked) is None


def test_a_refusal_says_what_the_key_may():
    done = subprocess.run(
        [sys.executable, "-IB", FILE, "ann"],
        env={"SSH_ORIGINAL_COMMAND": "sh"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "may push to and fetch from the site's repository" in done.stderr


def test_a_key_without_a_name_reaches_nothing():
    for names in ([], ["ann", "bob"], ["../ann"], [""]):
        done = subprocess.run(
            [sys.executable, "-IB", FILE, *names],
            env={"SSH_ORIGINAL_COMMAND": "status"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "name of the key's owner" in done.stderr
