"""A site of several hosts: a main one, further ones that answer, some that take jobs, a broker."""

import json
import re
import time
from dataclasses import dataclass

from tests.fleet import bench, fleet, image
from tests.fleet.fleet import ANSIBLE, Recap
from tests.fleet.machines import Host, controller

LINE = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """The hosts of one site by their parts."""

    main: Host
    groups: dict[str, list[Host]]

    @property
    def hosts(self):
        return [self.main, *(host for group in self.groups.values() for host in group)]

    def provision(self, *flags):
        """Run the playbook against all hosts at once; return what it said of each."""
        words = [fleet._tool("ansible-playbook"), *flags, "-i", self._inventory()]
        environment = fleet._environment()
        done = controller(
            *words, ANSIBLE / "site.yml", check=False, env=environment, folder=ANSIBLE, limit_s=1800
        )
        return _recaps(done.stdout + done.stderr)

    def _inventory(self):
        """Write the inventory of staging, as that of one host, with the others beside it."""
        file = fleet._inventory("staging", self.main)
        alone = json.loads(file.read_text())["studium"]
        name = fleet.domain(self.main.name)
        certificate = fleet.certify(self.main.name)
        (reached,) = alone["hosts"].values()
        facts = alone["vars"] | {
            "site_hosts": [name],
            "site_certificate": str(certificate.with_suffix(".pem")),
            "site_certificate_key": str(certificate.with_suffix(".key")),
        }
        groups = {"studium": [self.main]} | self.groups
        parts = {
            group: {
                "hosts": {
                    fleet.domain(h.name): reached | {"ansible_host": h.address} for h in hosts
                }
            }
            for group, hosts in groups.items()
        }
        file.write_text(json.dumps(parts | {"all": {"vars": facts}}))
        return file

    def destroy(self):
        for host in self.hosts:
            host.destroy()


def _recaps(text):
    found = {}
    for name, line in LINE.findall(text):
        numbers = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
        failed = numbers["failed"] + numbers["unreachable"]
        found[name.partition(".")[0]] = Recap(text, numbers["changed"], failed)
    assert found, text
    return found


def bare(*hosts):
    """Boot hosts as a provider hands them over."""
    for host in hosts:
        host.create(image.tree())
        host.start()
    for host in hosts:
        host.wait()


def family():
    """Return the hosts of the test's site, bare, and what Ansible said as it prepared them."""
    groups = {"application": ["application"], "worker": ["worker"], "broker": ["broker"]}
    site = Site(
        Host("main"), {part: [Host(name) for name in names] for part, names in groups.items()}
    )
    bare(*site.hosts)
    return site


# --- pages of a clone of its own: a file comes in by one host and goes out by another ------------
KEEP = """

@csrf_exempt
def keep(request: HttpRequest) -> HttpResponse:
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    return JsonResponse({"name": default_storage.save("bench/kept.bin", ContentFile(request.body))})


def kept(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={"X-Accel-Redirect": "/protected/" + request.GET["name"]})


def opened(request: HttpRequest) -> HttpResponse:
    from django.core.files.storage import default_storage

    return HttpResponse(default_storage.open(request.GET["name"]).read())


def who(request: HttpRequest) -> HttpResponse:
    import socket

    seen = {"address": request.META["REMOTE_ADDR"], "host": socket.gethostname()}
    seen |= {"secure": request.is_secure(), "id": request.headers["X-Request-ID"]}
    return JsonResponse(seen)
"""
WAYS = """
urlpatterns += [
    path("keep/upload/", views.keep),
    path("kept/", views.kept),
    path("opened/", views.opened),
    path("who/", views.who),
]
"""


def add_pages(work):
    bench.add_to(work)
    work.add("app/bench/views.py", KEEP)
    work.add("app/bench/urls.py", WAYS)
    return work.commit("Keep files, and say who answers")


def push(work, main, *options):
    return work.push(main, *options, what="HEAD:refs/heads/staging")


def live(host):
    """Return the commit that a host's own link names."""
    line = 'sed -n \'s/.*"commit": "\\([0-9a-f]*\\)".*/\\1/p\' /srv/studium/live/.release.json'
    return host.ssh(line, check=False).stdout.strip()


def answering(main, count=12):
    """Return the names of the hosts that answer a number of questions."""
    answers = [fleet.ask(main, "/bench/who/") for _ in range(count)]
    assert {answer.status for answer in answers} == {200}
    return {answer.json()["host"] for answer in answers}


# --- a request to PostgreSQL by hand -----------------------------------------------------------
SIGN_IN = """
import socket, ssl, struct, sys
address, role, database, *files = sys.argv[1:]
line = socket.create_connection((address, 5432), 3)
def start():
    words = b"".join(word.encode() + b"\\0" for word in ("user", role, "database", database, ""))
    line.sendall(struct.pack("!II", len(words) + 8, 196608) + words)
    kind, _, code = struct.unpack("!cII", line.recv(9))
    sys.exit(0 if (kind, code) == (b"R", 0) else f"refused: {kind}")
if files == ["plain"]:
    start()
line.sendall(struct.pack("!II", 8, 80877103))
assert line.recv(1) == b"S", "no TLS"
trust = ssl.create_default_context(cafile="/etc/studium/hosts/authority.pem")
if files:
    trust.load_cert_chain(*files)
line = trust.wrap_socket(line, server_hostname="database.studium")
start()
"""


def signs_in(host, main, role="studium", database="studium", files=None):
    """Say whether the host's database connection is taken, asked as libpq asks."""
    mine = ("/etc/studium/hosts/client.pem", "/etc/studium/hosts/client.key")
    words = " ".join([main.address, role, database, *(mine if files is None else files)])
    return host.ssh(f"python3 - {words}", stdin=SIGN_IN, check=False)


def until(true, limit_s=60, pause_s=0.3):
    """Return what it says as soon as it says something; None when it never does."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(pause_s)
    return None
