"""Who pushes, who may not, who is cut off in the middle, and what nobody gets to read."""

import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from uuid import uuid4

import pytest
from tests.fleet import bench, fleet
from tests.fleet.image import run
from tests.fleet.machines import CONTROLLER, key
from tests.fleet.visitors import Crowd


@pytest.fixture
def work(work, staging):
    return bench.on(staging, work)


@pytest.fixture
def crowd(staging, work):
    with Crowd(staging) as crowd:
        time.sleep(1)
        yield crowd
        time.sleep(1)
    crowd.assert_content()


@pytest.fixture
def bens(staging, work, tmp_path):
    """Ben's own clone of what is live."""
    return bench.at_what_is_live(staging, fleet.Work(tmp_path / "ben", "ben"))


# --- two at once ----------------------------------------------------------------------------------
def test_of_two_pushes_at_once_one_wins_and_the_other_is_told(staging, work, bens, crowd):
    told, clones = {}, {work.commit("From Ann"): work, bens.commit("From Ben"): bens}
    threads = [
        threading.Thread(target=lambda c=commit, w=clone: told.update({c: w.push(staging)}))
        for commit, clone in clones.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [won] = [commit for commit in clones if told[commit].returncode == 0]
    [lost] = set(clones) - {won}
    assert "REFUSED" in told[lost].stdout
    assert "is releasing" in told[lost].stdout or "while you pushed" in told[lost].stdout
    bench.assert_whole(staging, won)
    rows = [bench.rows(staging, commit)[-1] for commit in (won, lost)]
    assert [row["outcome"] for row in rows] == ["live", "refused"]
    assert [row["who"] for row in rows] == [clones[commit].who for commit in (won, lost)]


def test_who_comes_second_reads_who_is_first(staging, work, bens):
    bens.commit("Too late")
    work.commit("First")
    with bench.held_at(staging, "booted", work) as push:
        told = bens.push(staging)
    assert told.returncode != 0
    assert "staging is busy: ann is releasing" in told.stdout
    assert bench.ended(push)[0] == 0


# --- what git can ask for -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (("+HEAD~2:refs/heads/staging",), "does not continue"),
        ((":refs/heads/staging",), "cannot be deleted"),
        (("HEAD:refs/tags/v1",), "takes the branch staging only"),
        (("HEAD:refs/heads/production",), "takes the branch staging only"),
        (("HEAD:refs/deploys/mine",), "staging only"),
        (("HEAD:refs/heads/staging", "HEAD:refs/heads/other"), "takes one ref a push"),
        (("-o", "no-such-option=why", "HEAD:refs/heads/staging"), "no push option"),
        (("-o", "backup-first", "HEAD:refs/heads/staging"), "needs a reason"),
    ],
)
def test_what_may_not_be_pushed_is_refused_and_recorded(staging, work, words, phrase):
    before, count = bench.live(staging), len(bench.rows(staging))
    work.commit("Not like this")
    told = work.git("push", fleet.repository(staging), *words, check=False)
    assert told.returncode != 0
    assert phrase in told.stdout
    bench.assert_whole(staging, before)
    [row] = bench.rows(staging)[count:]
    assert (row["who"], row["outcome"]) == ("ann", "refused")
    refs = staging.ssh("cd /srv/studium/repository.git; find refs -type f; cat packed-refs || :")
    assert "refs/tags" not in refs.stdout
    assert "other" not in refs.stdout


# --- cut off --------------------------------------------------------------------------------------
def interrupt(staging, push):
    os.killpg(push.pid, signal.SIGINT)


def pull_the_cable(staging, push):
    """Nothing arrives any more; nobody says goodbye."""
    with unplugged(staging):
        push.wait(60)
        time.sleep(1)


@contextmanager
def unplugged(host):
    cable = ("ip", "-n", CONTROLLER, "link", "set", host.cable)
    run(*cable, "down")
    try:
        yield
    finally:
        run(*cable, "up")


@pytest.mark.parametrize("lose", [interrupt, pull_the_cable])
@pytest.mark.parametrize("point", ["build", "drain"])
def test_a_release_goes_on_without_the_client_that_asked_for_it(staging, work, lose, point):
    commit = work.commit(f"Lose the client: {point}")
    with bench.held_at(staging, point, work) as push:
        lose(staging, push)
        assert push.wait(60) != 0
    push.stdout.close()
    bench.wait_until(lambda: bench.rows(staging, commit), what="the row")
    bench.wait_until_settled(staging)
    bench.assert_whole(staging, commit)
    assert [row["outcome"] for row in bench.rows(staging, commit)] == ["live"]


def test_the_host_forgets_a_client_that_is_gone(staging, work):
    """A line that was cut leaves no ssh session for ever."""
    line = "pgrep -cf 'studium-gate|git-receive-pack'"
    bench.wait_until(
        lambda: staging.ssh(line, check=False).stdout.strip() == "0", 120, "the end of sessions"
    )


# --- keys -----------------------------------------------------------------------------------------
@pytest.fixture
def with_keys(staging):
    """Let these keys, and no others, reach the host; afterwards all is as before."""

    def provision(*entries):
        facts = json.dumps({"deploy_keys": list(entries)})
        told = fleet.provision(staging, "--tags", "keys", "--extra-vars", facts)
        assert not told.failed, told.text
        return told

    yield provision
    told = fleet.provision(staging, "--tags", "keys")
    assert not told.failed, told.text


def entry(who, **more):
    return {"name": who, "key": key(who).read_text().strip()} | more


def test_a_key_that_may_only_read_pushes_nothing(staging, work, with_keys):
    before, count = bench.live(staging), len(bench.rows(staging))
    with_keys(entry("ann"), entry("ben", may=[]))
    work.commit("Just looking")
    told = work.push(staging, who="ben")
    assert told.returncode != 0
    assert "This key may not push" in told.stdout, told.stdout
    assert work.git("fetch", fleet.repository(staging), "staging", who="ben").returncode == 0
    assert bench.live(staging) == before
    assert len(bench.rows(staging)) == count


def test_a_key_that_was_taken_away_reaches_nothing_any_more(staging, work, with_keys):
    assert staging.ssh("status", user="deploy", identity="ben").returncode == 0
    with_keys(entry("ann"))
    work.commit("Too late for Ben")
    for what in (
        work.push(staging, who="ben"),
        staging.ssh("status", user="deploy", identity="ben", check=False),
    ):
        assert what.returncode != 0
        assert "Permission denied" in what.stdout + what.stderr
    assert work.push(staging).returncode == 0


def test_a_new_key_for_the_same_person_replaces_the_old_one(staging, work, with_keys):
    new = {"name": "ben", "key": key("ben-s-new-one").read_text().strip()}
    with_keys(entry("ann"), new)
    commit = work.commit("By the new key")
    assert work.push(staging, who="ben").returncode != 0
    assert work.push(staging, who="ben-s-new-one").returncode == 0
    assert bench.rows(staging, commit)[-1]["who"] == "ben"


# --- secrets --------------------------------------------------------------------------------------
SENTINEL, PASSWORD = f"sentinel-{uuid4().hex}", f"database-{uuid4().hex}"
DATABASE = f"postgresql://:{PASSWORD}@/studium?host=/run/postgresql"  # peers need no password
LOUD = """
def everything():
    import os
    from django.conf import settings
    return " ".join([str(settings.DATABASES), settings.SECRET_KEY, settings.EMAIL_HOST_PASSWORD])

def fail(request):
    raise LookupError(everything())
"""
PLACES = "/srv/studium /var/log /run/studium /run/log /etc/nginx /tmp /var/tmp"
LEFT_OUT = "--exclude=secrets.env --exclude-dir=repository.git --exclude-dir=journal"


@pytest.fixture
def secrets(staging, work):
    """Give the site one more secret; return all that nobody may ever read."""
    file = "/srv/studium/secrets.env"
    staging.ssh(f"cp -p {file} /root/secrets.env")
    staging.ssh(f"echo 'EMAIL_URL=smtp://studium:{SENTINEL}@127.0.0.1:9' >> {file}")
    staging.ssh(f"sed -i 's|^DATABASE_URL=.*|DATABASE_URL={DATABASE}|' {file}")
    key = staging.ssh(f"grep STUDIUM_SECRET_KEY {file}").stdout.strip().partition("=")[2]
    private = staging.ssh("sed -n 2p /etc/studium/tls/site.key").stdout.strip()
    assert len(key) > 20
    assert len(private) > 20
    yield [SENTINEL, PASSWORD, key, private]
    staging.ssh(f"mv /root/secrets.env {file}")


def found(host, secret):
    """Return where a secret shows: files, the journal, command lines, environments."""
    script = f"""
    grep -rlaF {LEFT_OUT} -f - {PLACES} < /root/sentinel
    journalctl --no-pager -a | grep -qF -f /root/sentinel && echo journal
    ps axww -o args= | grep -qF -f /root/sentinel && echo ps
    for process in /proc/[0-9]*; do
        grep -qaF -f /root/sentinel $process/environ $process/cmdline 2>/dev/null &&
            echo "environment of $(tr '\\0' ' ' < $process/cmdline)"
    done
    runuser -u postgres -- pg_dump --data-only studium | grep -qF -f /root/sentinel && echo database
    rm /root/sentinel
    """
    host.ssh("umask 077; cat > /root/sentinel", stdin=secret)
    return host.ssh(script, check=False).stdout.splitlines()


def test_what_is_secret_shows_nowhere(staging, work, secrets):
    """Releases that work, that break with everything on their lips, pages and jobs that fail."""
    said = []
    work.add(
        "app/bench/views.py", LOUD + "\ndef fail(request):\n    raise LookupError(everything())\n"
    )
    work.add("app/bench/urls.py", '\nurlpatterns += [path("fail/", views.fail)]\n')
    work.add("app/bench/tasks.py", FAILING_TASK)
    work.commit("Talk too much")
    said.append(work.push(staging, f"backup-first=because of {SENTINEL}"))
    assert said[-1].returncode == 0, said[-1].stdout
    page = fleet.ask(staging, "/bench/fail/")
    assert page.status == 500
    job = "runuser -u studium -- studium-pipeline manage -- enqueue bench.talk"
    number = staging.ssh(job).stdout.strip()
    line = f"SELECT status FROM jobs_job WHERE id::text = '{number}'"  # noqa: S608  our own number
    bench.wait_until(lambda: bench.sql(staging, line) == ["failed"], what="the job's failure")
    for file, text in BREAKS.items():
        bench.at_what_is_live(staging, work)
        work.add(file, text)
        work.commit(f"Break {file}")
        said.append(work.push(staging))
        assert said[-1].returncode != 0, said[-1].stdout
    shown = [told.stdout for told in said] + [page.body]
    shown += [bench.pipeline(staging, verb).stdout for verb in ("status", "log")]
    assert any("LookupError" in text for text in shown)
    for secret in secrets:
        assert [text for text in shown if secret in text] == []
        assert found(staging, secret) == []


FAILING_TASK = """

@task("bench.talk")
def talk(_progress: Any) -> dict[str, str]:
    from bench.views import everything
    raise LookupError(everything())
"""
BREAKS = {
    "app/common/views.py": "\ndef home(request):\n    from bench.views import everything\n"
    "    raise LookupError(everything())\n",
    "app/config/wsgi.py": "\nfrom bench.views import everything\nraise LookupError(everything())\n",
    "app/config/settings/deployed.py": "\nraise LookupError(f'{DATABASES} {SECRET_KEY}')\n",
}


def test_secrets_can_be_found_where_they_are(staging, secrets):
    """Or the search above would prove nothing."""
    staging.ssh(f"echo {secrets[0]} | tee /srv/studium/logs/careless.log | logger -t careless")
    assert set(found(staging, secrets[0])) == {"/srv/studium/logs/careless.log", "journal"}
    staging.ssh("rm /srv/studium/logs/careless.log; journalctl --rotate --vacuum-time=1s -q")
