"""The front when it refuses, when the site behind it is away, and while its logs are turned."""

from collections import Counter

import pytest
from tests.fleet import fleet
from tests.fleet.image import run
from tests.fleet.machines import CONTROLLER
from tests.fleet.test_front import HEADERS
from tests.fleet.visitors import Visitor

SECRET = "Zk3vQ9d0X1y2W3v4U5t6S7r8Q9p0O1n2M3l4K5j6I7h"
GUESSER = "10.77.0.201"
LOGS = "/var/log/nginx /srv/studium/logs"


@pytest.fixture
def guesser(provisioned):
    """An address of its own, whose guesses are counted apart."""
    words = ("ip", "-n", CONTROLLER, "addr")
    run(*words, "replace", f"{GUESSER}/32", "dev", "hosts")
    yield GUESSER
    run(*words, "del", f"{GUESSER}/32", "dev", "hosts")


def guess(host, address, path, times):
    """Post as fast as one can; return how often which status came, and the last refusal."""
    answers, refused = Counter(), None
    for _ in range(times):
        answer = fleet.ask(host, path, "--interface", address, "-d", "username=a&password=b")
        answers[answer.status] += 1
        refused = answer if answer.status == 429 else refused
    return answers, refused


def test_passwords_cannot_be_guessed_by_the_hundred(staging, guesser):
    answers, refused = guess(staging, guesser, "/accounts/sign-in/", 40)
    assert answers[429] >= 5
    assert set(refused.headers) >= HEADERS
    assert refused.headers["retry-after"] == "60"
    assert "Too many attempts" in refused.body
    assert fleet.ask(staging, "/accounts/sign-in/", "--interface", guesser).status == 200
    assert fleet.ask(staging, "/accounts/sign-in/", "-d", "username=a").status != 429


@pytest.mark.parametrize("path", ["/auth-token", "/api/token/", "/accounts/me/tokens/"])
def test_nor_can_tokens(staging, guesser, path):
    answers, _ = guess(staging, guesser, path, 40)
    assert answers[429] >= 5


def test_a_large_body_is_refused_with_a_page_except_where_files_come_in(staging, tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 9_000_000)
    body = ("-H", "Expect:", "--data-binary", f"@{tmp_path / 'large'}")
    refused = fleet.ask(staging, "/accounts/sign-in/", *body)
    assert refused.status == 413
    assert "That is too large" in refused.body
    assert set(refused.headers) >= HEADERS
    said = {fleet.ask(staging, "/lab/sessions/upload/", *body).status for _ in range(20)}
    assert said <= {403, 404}  # the application's own refusal, though it has not read the body


def test_a_name_that_is_not_ours_is_refused_behind_a_handshake_for_ours_too(staging):
    answer = fleet.ask(staging, "/", "-H", "Host: other.example.org", check=False)
    assert answer.status == 0


@pytest.mark.parametrize(
    "path",
    [
        f"/accounts/welcome/{SECRET}/",
        f"/accounts/password/reset/{SECRET}/",
        f"/accounts//welcome//{SECRET}/",
        f"/accounts/%77elcome/{SECRET}/",
        f"/accounts/x/../welcome/{SECRET}/",
    ],
)
def test_while_the_site_is_away_no_log_holds_a_link_that_opens_an_account(staging, guesser, path):
    staging.ssh("systemctl stop studium-emperor")
    try:
        answer = fleet.ask(staging, path, "--path-as-is")
        assert answer.status == 502
        assert set(answer.headers) >= HEADERS
        guess(staging, guesser, path, 30)
        assert fleet.ask(staging, "/health/").status == 502
        assert "connect() to unix:" in staging.ssh("tail -n 3 /var/log/nginx/error.log").stdout
        found = staging.ssh(f"grep -rl {SECRET} {LOGS}; journalctl -o cat | grep -c {SECRET}",
                            check=False)  # fmt: skip
        assert found.stdout == "0\n"
    finally:
        staging.ssh("systemctl start studium-emperor; systemctl restart studium-recover")


def test_a_page_with_such_a_link_does_not_hand_its_address_on(staging):
    line = "runuser -u deploy -- studium-pipeline manage -- welcome --json"
    told = staging.ssh(f"{line} 2>/dev/null", check=False).stdout
    path = told.partition("studium.test")[2].partition('"')[0]
    assert path.startswith("/accounts/welcome/"), told
    answer = fleet.ask(staging, path)
    assert (answer.status, answer.headers["referrer-policy"]) == (200, "strict-origin")


def test_static_files_are_compressed_beforehand_and_never_asked_for_twice(staging):
    page = fleet.ask(staging, "/accounts/sign-in/").body
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    packed = staging.ssh(f"stat -c %s /srv/studium{path}.gz; stat -c %s /srv/studium{path}")
    small, plain = map(int, packed.stdout.split())
    words = ("-H", "Accept-Encoding: gzip", "-I")
    headers = fleet.ask(staging, path, *words).headers
    assert headers["content-encoding"] == "gzip"
    assert int(headers["content-length"]) == small < plain / 2
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "Accept-Encoding" in headers["vary"]
    assert "content-encoding" not in fleet.ask(staging, path, "-I").headers


def pids(host):
    return set(host.ssh("pgrep -x nginx").stdout.split())


def test_logs_are_turned_under_traffic_without_a_reload(staging):
    before = pids(staging)
    with Visitor(staging) as visitor:
        staging.ssh("logrotate --force /etc/logrotate.d/nginx")
        staging.ssh("logrotate --force /etc/logrotate.d/studium")
        for _ in range(15):
            fleet.ask(staging, "/health/")
    assert set(visitor.answers) == {200}
    assert pids(staging) == before
    told = staging.ssh("wc -l < /var/log/nginx/access.log; ls -l /var/log/nginx").stdout
    assert int(told.split()[0]) >= 10
    assert "access.log.1" in told


def test_protected_files_come_only_by_the_application(staging):
    staging.ssh("echo secret > /srv/studium/media/x.txt; chown studium /srv/studium/media/x.txt")
    for path in (
        "/protected/x.txt",
        "/static/../media/x.txt",
        "/static../media/x.txt",
        "/media/x.txt",
    ):
        answer = fleet.ask(staging, path, "--path-as-is")
        assert answer.status == 404, path
        assert "secret" not in answer.body


def test_the_live_socket_is_remade_at_boot(staging):
    """Its folder is gone with each boot; so is everything in it."""
    staging.ssh("systemctl stop studium-emperor; rm -r /run/studium")
    staging.ssh("systemd-tmpfiles --create /etc/tmpfiles.d/studium.conf; systemctl start "
                "studium-emperor; systemctl restart studium-recover")  # fmt: skip
    target = staging.ssh("readlink /run/studium/live.sock").stdout
    assert fleet.ask(staging, "/health/").json()["release"] in target
