"""A RabbitMQ of the tests' own: on ports of its own, in a folder of its own, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
REASON = (
    "RabbitMQ is not installed: sudo apt-get install -y --no-install-recommends rabbitmq-server"
)
RULES = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users = none
log.file = false
log.console = true
log.console.level = warning
vm_memory_high_watermark.relative = 0.9
disk_free_limit.absolute = 50MB
"""


def is_installed():
    return SERVER.exists()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rabbit:
    """One broker; what it was told to keep survives a restart, as on a disk."""

    def __init__(self, folder):
        self.folder = folder
        self.port, self.names_port, self.nodes_port = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.names = self.server = None
        (folder / "rabbitmq.conf").write_text(RULES.format(port=self.port))
        (folder / "plugins").write_text("[].\n")

    @property
    def env(self):
        local = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self.names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"studium{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self.nodes_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{local} +S 1:1 +sbwt none",
        }

    def start(self):
        if self.names is None:
            epmd = ["epmd", "-port", str(self.names_port), "-address", "127.0.0.1"]
            self.names = subprocess.Popen(epmd, env=self.env, stdout=subprocess.DEVNULL)
        with (self.folder / "output").open("ab") as log:
            self.server = subprocess.Popen(
                [str(SERVER)], env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        self._wait()

    def _wait(self):
        end = time.monotonic() + 120  # Erlang starts slowly beside much else
        while time.monotonic() < end and self.server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "output").read_text())

    def kill(self):
        """End it as the loss of its power would."""
        if self.server is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()

    def forget(self):
        """Lose all that it had kept."""
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)

    def end(self):
        self.kill()
        if self.names is not None:
            self.names.kill()
            self.names.wait()
