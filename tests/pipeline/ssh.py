"""A private sshd on a loopback port, for pushes from afar."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.pipeline.ground import FIRST_PORT, environment, run

from laptop import ports

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")


class Ssh:
    """How a client reaches the server."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port

    @property
    def environment(self):
        known = f"-o UserKnownHostsFile={self.folder}/known_hosts -o IdentitiesOnly=yes"
        return environment(GIT_SSH_COMMAND=f"ssh -F none -i {self.folder}/client {known}")

    def url(self, repository):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository}"


@contextmanager
def server(folder):
    port = ports.choose(FIRST_PORT + 10)
    for name in ("host", "client"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "client.pub",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PidFile": "none",
    }
    file = folder / "sshd_config"
    file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with subprocess.Popen([SSHD, "-D", "-e", "-f", file], stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            yield Ssh(folder, port)
        finally:
            process.terminate()


def _wait(port, process):
    for _ in range(200):
        assert process.poll() is None, "sshd did not start"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")
