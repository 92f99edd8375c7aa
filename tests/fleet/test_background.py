"""What a host does by itself while releases come: jobs, cron, and a clock that somebody sets."""

import time

import pytest
from tests.fleet import bench
from tests.fleet.visitors import Crowd

MEDIA = "/srv/studium/media"


@pytest.fixture
def work(work, staging):
    return bench.on(staging, work)


# --- jobs -----------------------------------------------------------------------------------------
def begun(host, name):
    """Ask for a job that lasts until its mark is taken away; return its number once it runs."""
    words = f"""enqueue bench.until --arguments '{{"mark": "{MEDIA}/{name}"}}'"""
    number = host.ssh(f"runuser -u studium -- studium-pipeline manage -- {words}").stdout.strip()
    bench.wait_until(lambda: host.ssh(f"test -s {MEDIA}/{name}", check=False).returncode == 0,
                     what="the job's start")  # fmt: skip
    return number


def end(host, number, name):
    """Let the job end; return what has become of it."""
    host.ssh(f"rm {MEDIA}/{name}")
    bench.wait_until(lambda: "running" not in job(host, number), what="the job's end")
    return job(host, number)


def job(host, number):
    line = "SELECT status, result FROM jobs_job WHERE id::text ="
    return " ".join(bench.sql(host, f"{line} '{number}'"))


def worker_of(host, release):
    line = f"pgrep -u studium -f '[/]{release}/.*manage.py worker'"
    return host.ssh(line, check=False).stdout.split()


def pushed(host, work, subject):
    commit = work.commit(subject)
    told = work.push(host)
    assert told.returncode == 0, told.stdout
    bench.assert_whole(host, commit)
    return bench.release(host)


def test_a_job_that_runs_during_a_release_ends_on_the_release_where_it_began(staging, work):
    old, number = bench.release(staging), begun(staging, "job-one")
    new = pushed(staging, work, "Overtake a job")
    bench.wait_until(lambda: worker_of(staging, new), what="the worker of the new release")
    assert not worker_of(staging, old)
    second = begun(staging, "job-two")
    ends = [end(staging, number, "job-one"), end(staging, second, "job-two")]
    for release, ended in zip((old, new), ends, strict=True):
        assert "succeeded" in ended
        assert release in ended


def test_a_worker_that_is_killed_comes_back_and_its_job_goes_on(staging, work):
    release, number = bench.release(staging), begun(staging, "job-three")
    [before] = worker_of(staging, release)
    staging.ssh(f"kill -9 {before}")
    bench.wait_until(lambda: worker_of(staging, release) not in ([], [before]), what="the worker")
    ended = end(staging, number, "job-three")
    assert "succeeded" in ended
    assert release in ended


def test_a_worker_without_a_database_waits_for_it(staging, work):
    staging.ssh("systemctl stop postgresql; sleep 4; systemctl start postgresql")
    bench.wait_until_it_answers(staging, bench.branch(staging))
    number = begun(staging, "job-four")
    assert "succeeded" in end(staging, number, "job-four")


# --- cron -----------------------------------------------------------------------------------------
TICK = '''"""Says each minute which release cron runs."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings

from ops.cron import ScheduledJob


class Tick(ScheduledJob):
    code, label, every = "bench.tick", "Tick", timedelta(minutes=1)

    def work(self) -> str:
        with (Path(settings.MEDIA_ROOT) / "ticks").open("a") as file:
            file.write(settings.RELEASE + "\\n")
        return "ticked"
'''


def test_cron_fires_and_its_job_runs_on_the_release_that_is_live(staging, work):
    work.write("app/bench/cron.py", TICK)
    work.add("app/config/settings/base.py", '\nCRON_CLASSES.append("bench.cron.Tick")\n')
    first = pushed(staging, work, "Tick")

    def ticks():
        return staging.ssh(f"cat {MEDIA}/ticks", check=False).stdout.split()

    bench.wait_until(ticks, 130, "cron")
    second = pushed(staging, work, "Tick on")
    count = len(ticks())
    bench.wait_until(lambda: len(ticks()) > count, 130, "cron after the release")
    assert set(ticks()[:count]) == {first}
    assert ticks()[count] == second


# --- the clock ------------------------------------------------------------------------------------
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
static long offset(void) {
    long seconds = 0;
    FILE *file = fopen("/etc/clock-offset", "re");
    if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
    return seconds;
}
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, at);
    if (!code && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec += offset();
    return code;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec; at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
SERVICES = "postgresql studium-emperor studium-worker cron nginx"


@pytest.fixture
def clock(staging, work):
    """Give the host a clock that can be set: namespaces share their kernel's."""
    staging.ssh("cat > /root/clock.c", stdin=CLOCK)
    staging.ssh("echo 0 > /etc/clock-offset; chmod 644 /etc/clock-offset")
    staging.ssh("gcc -O2 -shared -fPIC -o /usr/local/lib/clock.so /root/clock.c -ldl")
    staging.ssh("echo /usr/local/lib/clock.so > /etc/ld.so.preload")
    staging.ssh(f"systemctl restart {SERVICES}")
    bench.wait_until_it_answers(staging, bench.branch(staging))
    yield lambda seconds: staging.ssh(f"echo {seconds} > /etc/clock-offset")
    staging.ssh(f"rm -f /etc/ld.so.preload; systemctl restart {SERVICES}")
    bench.wait_until_it_answers(staging, bench.branch(staging))


DAY = 24 * 3600


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_clock_that_jumps_disturbs_nobody_and_orders_nothing_anew(staging, work, clock, jump):
    before = pushed(staging, work, "Before the clock jumps")
    with Crowd(staging) as crowd:
        time.sleep(1)
        clock(jump)
        assert abs(int(staging.ssh("date +%s").stdout) - time.time() - jump) < 3600
        after = pushed(staging, work, "After the clock has jumped")
        number = begun(staging, "job-after")
        assert after in end(staging, number, "job-after")
        told = bench.pipeline(staging, "rollback")
        assert told.returncode == 0, told.stdout
        bench.wait_until_settled(staging)
    crowd.assert_content()
    assert after > before
    assert bench.release(staging) == before
