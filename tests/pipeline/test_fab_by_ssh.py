"""A site on another host is reached by ssh: the same verbs, the same verdicts."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
ANSWERS = """
import pathlib, sys
pathlib.Path(__file__).with_name("told").write_text(" ".join(sys.argv[1:]))
if "--pack" in sys.argv:
    pathlib.Path(__file__).with_name("pack").write_bytes(sys.stdin.buffer.read())
print("over there:", sys.argv[1])
sys.exit(3 if "log" in sys.argv else 0)
"""
pytestmark = pytest.mark.skipif(not SSHD, reason="openssh-server is not installed")


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=True, **options)


def new_key(file):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file))
    return file.with_suffix(".pub").read_text()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_listens(port, server):
    for _ in range(200):
        assert server.poll() is None, server.stderr.read()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail("sshd does not listen")


@pytest.fixture
def host(tmp_path):
    """A real sshd on loopback; yields its port, with the person's home beside it."""
    port, home = free_port(), tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    host_key = new_key(tmp_path / "host")
    (tmp_path / "authorized").write_text(new_key(home / ".ssh" / "id_ed25519"))
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "authorized",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PidFile": "none",
    }
    file = tmp_path / "sshd_config"
    file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    words = [SSHD, "-D", "-e", "-f", str(file)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        try:
            wait_until_it_listens(port, server)
            yield port
        finally:
            server.terminate()


@pytest.fixture
def project(tmp_path, host):
    """A checkout with one commit that knows the site `staging` on that host."""
    site = tmp_path / "there"
    package = site / "bootstrap" / "pipeline"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(ANSWERS)
    run("git", "init", "--quiet", "--bare", str(site / "repository.git"))
    root = tmp_path / "checkout"
    (root / "sites").mkdir(parents=True)
    shutil.copy(SOURCE / "fabfile.py", root)
    (root / "deploy").symlink_to(SOURCE / "deploy")
    (root / "sites" / "staging.toml").write_text(
        f'[reach]\nssh = "{getpass.getuser()}@127.0.0.1:{host}"\nsite_file = "{site}/site.toml"\n'
    )
    run("git", "init", "--quiet", str(root))
    who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.org")
    run("git", "-C", str(root), *who, "commit", "--quiet", "--allow-empty", "-m", "First light")
    return root


def fab(project, *words):
    ssh = project.parent / "home" / ".ssh"
    client = f"ssh -F none -i {ssh}/id_ed25519 -o UserKnownHostsFile={ssh}/known_hosts"
    clean = {key: value for key, value in os.environ.items() if key != "SSH_AUTH_SOCK"}
    return subprocess.run(
        [Path(sys.executable).with_name("fab"), *words],
        cwd=project,
        env=clean | {"HOME": str(ssh.parent), "GIT_SSH_COMMAND": client},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def told(project):
    return (project.parent / "there" / "bootstrap" / "pipeline" / "told").read_text()


def test_words_arrive_unbroken_and_answers_are_shown(project):
    answer = fab(project, "maintenance:staging", "on", "--message=Back at 'noon'; $HOME")
    assert answer.returncode == 0, answer.stderr
    assert "over there: maintenance" in answer.stdout
    assert "--message=Back at 'noon'; $HOME -- on" in told(project)


def test_the_verdict_of_the_host_is_the_exit_code(project):
    assert fab(project, "log:staging").returncode == 3


def test_a_deploy_pushes_there(project):
    answer = fab(project, "deploy:staging")
    assert answer.returncode == 0, answer.stderr
    there = run("git", f"--git-dir={project.parent}/there/repository.git", "log", "staging").stdout
    assert "First light" in there


def test_a_plan_takes_the_commit_there(project):
    answer = fab(project, "plan:staging")
    assert answer.returncode == 0, answer.stderr
    commit = run("git", "-C", str(project), "rev-parse", "HEAD").stdout.strip()
    assert f"-- {commit}" in told(project)
    pack = project.parent / "there" / "bootstrap" / "pipeline" / "pack"
    assert pack.read_bytes()[:4] == b"PACK"


def test_a_host_with_another_key_is_refused(project):
    known = project.parent / "home" / ".ssh" / "known_hosts"
    known.write_text(known.read_text().split()[0] + " " + new_key(project.parent / "other"))
    answer = fab(project, "status:staging")
    assert answer.returncode == 1
    assert "cannot be reached" in answer.stderr
    assert not (project.parent / "there" / "bootstrap" / "pipeline" / "told").exists()


def test_a_host_nobody_has_met_is_refused(project):
    (project.parent / "home" / ".ssh" / "known_hosts").write_text("")
    answer = fab(project, "status:staging")
    assert answer.returncode == 1
    assert "the key of an unknown host" in answer.stderr
