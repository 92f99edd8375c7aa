"""A host as pytest-testinfra sees it: files, services, packages, sockets, users."""

from testinfra.backend.base import BaseBackend
from testinfra.host import Host as Seen


class Inside(BaseBackend):
    """Runs testinfra's commands as root on a host of the fleet, by the fleet's own ssh."""

    NAME = "fleet"

    def __init__(self, host):
        super().__init__(host.name)
        self.fleet_host = host

    def run(self, command, *args, **_):
        done = self.fleet_host.ssh(self.quote(command, *args), check=False)
        return self.result(done.returncode, command, done.stdout, done.stderr)


def of(host):
    return Seen(Inside(host))
