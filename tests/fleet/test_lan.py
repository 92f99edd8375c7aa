"""The profile of plain HTTP: a laboratory without certificates, used by a real browser."""

import base64
import hmac
import json
import shutil
import struct
import time
from hashlib import sha1

import pytest
from tests.fleet import fleet
from tests.fleet.machines import CONTROLLER, Host
from tests.fleet.test_front import HEADERS

NAME = "staging.studium.test"
PLAIN = HEADERS - {"strict-transport-security"}
PERSON = """
from django.contrib.auth import get_user_model
from django_otp.plugins.otp_totp.models import TOTPDevice
user = get_user_model().objects.create_user("lena", email="lena@lab.test", password="{password}")
TOTPDevice.objects.create(user=user, name="phone", confirmed=True, key="{key}")
"""
PASSWORD, KEY = "a long walk by the river", "3132333435363738393031323334353637383930"


@pytest.fixture(scope="module")
def lan(machine, tmp_path_factory):
    """A host whose site was provisioned as `lan` and has a release."""
    host = Host("fresh")
    try:
        fleet.from_layer("fresh")
        told = fleet.provision(host, "-e", json.dumps({"site_profile": "lan"}), site="staging")
        assert not told.failed, told.text
        assert "WARNING: staging is served over plain HTTP" in told.text
        work = fleet.Work(tmp_path_factory.mktemp("lan") / "clone")
        pushed = work.push(host, what="HEAD:refs/heads/staging")
        assert pushed.returncode == 0, pushed.stdout
        yield host
    finally:
        host.destroy()


def ask(host, path, *flags, **more):
    return fleet.ask(host, path, *flags, name=NAME, scheme="http", **more)


@pytest.mark.parametrize(
    ("path", "status"), [("/accounts/sign-in/", 200), ("/nothing-here/", 404), ("/static/x", 404)]
)
def test_pages_come_over_http_and_promise_no_https(lan, path, status):
    answer = ask(lan, path)
    assert answer.status == status
    assert set(answer.headers) >= PLAIN
    assert "strict-transport-security" not in answer.headers
    assert "upgrade-insecure-requests" not in answer.headers["content-security-policy"]


def test_cookies_are_such_that_a_browser_sends_them_back(lan):
    cookie = ask(lan, "/accounts/sign-in/").headers["set-cookie"]
    assert "Secure" not in cookie
    assert "SameSite=Lax" in cookie


def test_nothing_listens_for_https(lan):
    assert fleet.ask(lan, "/", name=NAME, check=False).status == 0
    assert ":443" not in lan.ssh("ss -Hltn").stdout


def test_an_unknown_name_gets_no_answer(lan):
    other = fleet.ask(lan, "/", name="other.example.org", scheme="http", check=False)
    assert other.status == 0


def test_every_page_and_the_sites_health_say_that_all_travels_in_clear(lan):
    assert "Not encrypted" in ask(lan, "/nothing-here/").body
    assert "travel in clear" in ask(lan, "/accounts/sign-in/").body
    checks = ask(lan, "/health/ready/").json()["checks"]
    assert "travel in clear" in checks["certificate"]["detail"]
    told = lan.ssh("status", user="deploy", identity="ann")
    assert "PLAIN HTTP" in told.stdout


def test_a_check_for_deployment_is_quiet(lan):
    told = lan.ssh("manage -- check --deploy", user="deploy", identity="ann")
    assert "no issues" in told.stdout


def test_provisioning_again_changes_nothing(lan):
    again = fleet.provision(lan, "-e", json.dumps({"site_profile": "lan"}), site="staging")
    assert (again.changed, again.failed) == (0, 0), again.text


def test_a_file_of_some_size_can_be_sent(lan):
    """The limits are those of HTTPS: small bodies anywhere, large ones where files come in."""
    large = ("-H", "Content-Length: 90000000", "-d", "x")
    assert ask(lan, "/accounts/sign-in/", *large).status == 413
    assert ask(lan, "/lab/upload/", "-X", "POST", "-d", "x" * 1000).status in {403, 404}


def code_of(key, at):
    """Return what an authenticator shows (RFC 6238)."""
    digest = hmac.new(bytes.fromhex(key), struct.pack(">Q", int(at) // 30), sha1).digest()
    where = digest[-1] & 15
    number = struct.unpack(">I", digest[where : where + 4])[0] & 0x7FFFFFFF
    return f"{number % 1000000:06}"


@pytest.fixture
def page(lan):
    """A page of a Chromium in the controller's namespace, where the host can be reached."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    program = fleet.STATE / "chromium"
    program.write_text(f'#!/bin/sh\nexec ip netns exec {CONTROLLER} {chromium} "$@"\n')
    program.chmod(0o755)
    rules = f"--host-resolver-rules=MAP {NAME} {lan.address}"
    with sync_api.sync_playwright() as playwright:
        words = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", rules]
        browser = playwright.chromium.launch(executable_path=program, args=words)
        yield browser.new_page()
        browser.close()


def test_a_person_signs_in_with_a_second_factor_in_a_browser(lan, page):
    script = base64.b64encode(PERSON.format(password=PASSWORD, key=KEY).encode()).decode()
    shell = f"import base64; exec(base64.b64decode('{script}'))"
    lan.ssh(f'runuser -u deploy -- studium-pipeline manage -- shell -c "{shell}"')
    page.goto(f"http://{NAME}/accounts/sign-in/")
    assert page.evaluate("window.isSecureContext") is False
    assert page.get_by_text("This connection is not encrypted").is_visible()
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", code_of(KEY, time.time()))
    page.click("form button[type=submit]")
    page.goto(f"http://{NAME}/accounts/me/")
    assert "lena" in page.content()
    assert page.url.startswith("http://")


def test_a_browser_can_wait_for_an_answer_and_ask_the_site(lan, page):
    """What experiments need: the rules of content forbid neither asking nor a socket."""
    page.goto(f"http://{NAME}/accounts/sign-in/")
    status = page.evaluate("fetch('/health/', {cache: 'no-store'}).then(a => a.status)")
    assert status == 200
    refused = []
    page.on("console", lambda said: refused.append(said.text))
    page.evaluate("new Promise(done => { const s = new WebSocket(`ws://${location.host}/x`);"
                  "s.onerror = s.onclose = () => done(1); })")  # fmt: skip
    assert not [line for line in refused if "Content Security Policy" in line]


def test_what_a_browser_withholds_is_as_documented(lan, page):
    """docs/operations/lan.md lists what pages must do without."""
    page.goto(f"http://{NAME}/accounts/sign-in/")
    text = (fleet.SOURCE / "docs/operations/lan.md").read_text()
    for name in ("crypto.subtle", "navigator.clipboard", "navigator.mediaDevices",
                 "navigator.serviceWorker", "crypto.randomUUID", "navigator.wakeLock"):  # fmt: skip
        assert page.evaluate(f"typeof window.{name}") == "undefined", name
        assert name in text
