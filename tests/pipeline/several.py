"""A site of three hosts on this machine: sites of their own that meet by a real sshd."""

import getpass
import itertools
import shutil
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import StringIO

from tests.pipeline import ground as grounds
from tests.pipeline import ssh
from tests.pipeline.ground import Ground, wait_until
from tests.pipeline.test_chaos import POINTS

from laptop import emperor, facts, sites
from laptop.console import Console
from pipeline import lock, releases, vassals
from pipeline import site as pipeline_sites

QUICK = {"drain_s": 0.3, "end_s": 4, "keep": 4, "import_s": 20, "boot_s": 20}
NOBODY = 9  # the port of discard: nobody listens there


@dataclass
class Hosts:
    """The main host, an application host and a worker, and the sshd by which they meet."""

    main: Ground
    app2: Ground
    jobs1: Ground
    sshd: ssh.Ssh

    @property
    def all(self):
        return [self.main, self.app2, self.jobs1]

    @property
    def commits(self):
        """What is live on the main host, on the application host and on the worker."""
        return [live_commit(ground) for ground in self.all]

    def address(self, ground, port=None):
        return f"{getpass.getuser()}@127.0.0.1:{port or self.sshd.port}{ground.site.root}"

    def meet(self, *, app2=None, jobs1=None, main=None, **more):
        """Write the facts of all hosts; a host that is given a port is looked for there."""
        identity = {"identity": str(self.sshd.folder / "client"), "connect_s": 2, "release_s": 90}
        own = {
            "others": [f"app2={self.address(self.app2, app2)}"],
            "workers": [f"jobs1={self.address(self.jobs1, jobs1)}"],
        }
        tell(self.main, rolling={**own, **identity}, **more)
        for ground, role in ((self.app2, "application"), (self.jobs1, "worker")):
            there = {"role": role, "main": self.address(self.main, main)}
            tell(ground, rolling={**there, **identity})

    def assert_all_at(self, commit):
        """Every host runs the commit, whole, and says so."""
        assert self.commits == [commit] * 3
        self.main.assert_whole(commit)
        self.app2.assert_whole(commit)
        for ground in self.all:
            assert ground.branch == commit
            assert not ground.site.journal.exists()
            assert lock.is_free(ground.site.lock)

    def wait_for_web(self, ground):
        wait_until(lambda: ground.ask("/health/").status == 200, what="an answer")

    def wait_for(self, ground):
        wait_until(ground.is_settled, limit_s=90, what="the end of what is under way")

    def wait(self):
        for ground in self.all:
            self.wait_for(ground)


def live_commit(ground):
    release = releases.live(ground.site)
    return release.commit if release else None


def tell(ground, **tables):
    """Change facts of a site's file."""
    given = sites.own_facts(ground.site)
    for name, table in tables.items():
        given[name] = given.get(name, {}) | table
    facts.write(ground.site.file, given)
    ground.site = pipeline_sites.load(ground.site.file)


@contextmanager
def hosts(folder):
    """Build the three hosts on one database, with the first release on all of them."""
    with ExitStack() as stack:
        sshd = stack.enter_context(ssh.server(folder))
        shutil.copy(folder / "known_hosts", folder / "client.known_hosts")
        found = [stack.enter_context(grounds.built(release=QUICK)) for _ in range(3)]
        made = Hosts(*found, sshd)
        _share(made)
        made.meet()
        stop_serving(made.jobs1)
        _first_release(made)
        yield made


def _share(made):
    """One database, one secret key, and the same address, as on real hosts."""
    main = made.main.site
    for ground in (made.app2, made.jobs1):
        shutil.copy(main.folder("secrets"), ground.site.folder("secrets"))
        shared = {name: str(main.folder(name)) for name in ("data", "media", "jobs")}
        tell(ground, folders=shared)


def _first_release(made):
    work = made.main.work
    grounds.add_bench(work)
    pipeline = work.folder / "deploy" / "pipeline"
    shutil.copy(POINTS, pipeline)
    text = (pipeline / "__main__.py").read_text()
    text = text.replace("\nVerb =", "\nimport pipeline.chaos_points\n\nVerb =")
    (pipeline / "__main__.py").write_text(text)
    made.first = work.commit("Add points to stop at")
    made.first_told = work.push()


def stop_serving(ground):
    emperor.daemon(ground.clone, ground.site).stop(15)


def start_serving(ground):
    emperor.ensure(ground.clone, ground.site, Console(StringIO()))


def reboot(ground):
    """Lose all processes and what lies in `run`, and come back without `recover`."""
    stop_serving(ground)
    for left in ground.site.run.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    start_serving(ground)


def is_served(ground):
    return vassals.serving(ground.site) == ground.site.live_release()


@contextmanager
def visited(*grounds_):
    """Ask the hosts in turn all the time, as nginx does, and check that every answer was good."""
    faults, seen, over = [], [], threading.Event()

    def ask():
        for ground in itertools.cycle(grounds_):
            if over.wait(0.02):
                return
            try:
                answer = ground.ask("/bench/release/", timeout=20)
                seen.append(answer.json()["commit"])
            except (OSError, ValueError) as error:
                faults.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert faults == []
