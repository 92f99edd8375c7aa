"""When a certificate is asked for, and which one is taken over."""

import runpy
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "deploy/server/usr/local/bin/studium-certificate"
NAMES = ("lab.example.org", "www.lab.example.org")
NOW = datetime.now(UTC) + timedelta(hours=1)  # after the certificates that a test makes


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def new_key(file):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file)


def names_of(names):
    return "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """The program with a host's folders of its own; its key and request are there."""
    made = runpy.run_path(str(FILE))
    world = made["ask"].__globals__
    places = {"REQUEST": "site.csr", "GIVEN": "given.pem", "CHAIN": "site.pem", "KEY": "site.key"}
    for name, place in (places | {"ACCOUNT": "account.key", "PROOFS": "proofs"}).items():
        monkeypatch.setitem(world, name, tmp_path / place)
    (tmp_path / "proofs").mkdir()
    new_key(tmp_path / "site.key")
    words = ("-subj", f"/CN={NAMES[0]}", "-addext", names_of(NAMES), "-out", tmp_path / "site.csr")
    openssl("req", "-new", "-key", tmp_path / "site.key", *words)
    return world


@pytest.fixture
def chain(program, tmp_path):
    """Make a chain as an authority would; by default it fits."""

    def make(days=90, names=NAMES, key=None):
        out = tmp_path / "made.pem"
        words = ("-key", key or tmp_path / "site.key", "-days", str(days), "-out", out)
        openssl("req", "-x509", "-new", *words, "-subj", "/CN=x", "-addext", names_of(names))
        return out.read_text()

    return make


@pytest.fixture
def other_key(tmp_path):
    new_key(tmp_path / "other.key")
    return tmp_path / "other.key"


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """Play the client: it answers with a file, or fails, and keeps how it was called."""

    def plays(answer=None):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "answer").write_text(answer or "")
        end = "echo 'order failed: no' >&2; exit 1" if answer is None else f"cat {folder}/answer"
        (folder / "acme-tiny").write_text(f'#!/bin/sh\necho "$@" > {folder}/asked\n{end}\n')
        (folder / "acme-tiny").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return folder / "asked"

    return plays


# --- when -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("left", "is_due"), [(89, False), (31, False), (29, True), (-1, True)])
def test_a_third_of_its_time_is_left_for_renewal(program, chain, left, is_due):
    when = NOW + timedelta(days=90 - left)
    assert program["is_due"](chain(90), when) is is_due


def test_without_any_before_one_is_wanted(program):
    assert program["is_due"]("", NOW)


def test_other_names_or_another_key_want_a_new_one(program, chain, other_key):
    assert program["is_due"](chain(names=NAMES[:1]), NOW)
    assert program["is_due"](chain(names=(*NAMES, "old.example.org")), NOW)
    assert program["is_due"](chain(key=other_key), NOW)


# --- asking ---------------------------------------------------------------------------------------
def test_a_new_chain_is_kept_and_old_proofs_are_not(program, chain, acme, tmp_path):
    asked = acme(chain())
    (tmp_path / "proofs" / "left").touch()
    told = program["ask"]("https://ca.example/dir", "ann@lab.example", NOW)
    assert "gave a certificate that holds until" in told
    assert "BEGIN CERTIFICATE" in (tmp_path / "given.pem").read_text()
    assert list((tmp_path / "proofs").iterdir()) == []
    assert "--directory-url https://ca.example/dir --contact mailto:ann@lab" in asked.read_text()


def test_one_that_holds_is_not_asked_for_again(program, chain, acme, tmp_path):
    asked = acme(None)
    (tmp_path / "given.pem").write_text(chain())
    assert "nothing to do" in program["ask"]("https://ca.example/dir", "", NOW)
    assert not asked.exists()


def test_an_authority_that_fails_leaves_what_is_there_and_is_quoted(program, chain, acme, tmp_path):
    acme(None)
    before = chain()
    (tmp_path / "given.pem").write_text(before)
    with pytest.raises(program["Refused"], match=r"the one in place stays[^§]*order failed: no"):
        program["ask"]("https://ca.example/dir", "", NOW + timedelta(days=80))
    assert (tmp_path / "given.pem").read_text() == before


def test_an_answer_that_is_no_certificate_is_not_kept(program, chain, acme, tmp_path):
    acme("<html>sorry</html>")
    before = chain()
    (tmp_path / "given.pem").write_text(before)
    with pytest.raises(program["Refused"]):
        program["ask"]("https://ca.example/dir", "", NOW + timedelta(days=80))
    assert (tmp_path / "given.pem").read_text() == before


# --- taking over ----------------------------------------------------------------------------------
class Nginx:
    """Shows what it has read; may refuse to read."""

    def __init__(self, program, refuses=0, stubborn=False):
        self.program, self.refuses, self.stubborn, self.reloads = program, refuses, stubborn, 0
        self.chain = program["CHAIN"].read_text()

    def reload(self):
        self.reloads += 1
        if self.reloads <= self.refuses:
            raise self.program["Refused"]("nginx does not take it: bad.")
        if not self.stubborn:
            self.chain = self.program["CHAIN"].read_text()

    def shown(self):
        return self.chain


@pytest.fixture
def placed(program, chain, tmp_path):
    """An old chain is in place; the authority has given this one."""
    (tmp_path / "site.pem").write_text(chain(30))

    def given(text):
        (tmp_path / "given.pem").write_text(text)
        return tmp_path / "site.pem"

    return given


def test_a_chain_that_fits_is_taken_over(program, chain, placed):
    new = chain()
    place = placed(new)
    nginx = Nginx(program)
    assert "nginx shows" in program["install"](NOW, nginx.reload, nginx.shown)
    assert place.read_text() == new
    assert nginx.reloads == 1
    assert "is the newest" in program["install"](NOW, nginx.reload, nginx.shown)
    assert nginx.reloads == 1


@pytest.mark.parametrize("fault", ["key", "names", "over", "early", "text", "large", "empty"])
def test_a_chain_that_does_not_fit_is_not(program, chain, placed, other_key, fault):
    given = {
        "key": lambda: chain(key=other_key),
        "names": lambda: chain(names=NAMES[:1]),
        "text": lambda: "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n",
        "large": lambda: chain() + "x" * 200_000,
        "empty": lambda: "",
    }.get(fault, chain)()
    when = NOW + timedelta(days={"over": 91, "early": -2}.get(fault, 0))
    place = placed(given)
    before, nginx = place.read_text(), Nginx(program)
    with pytest.raises(program["Refused"]):
        program["install"](when, nginx.reload, nginx.shown)
    assert (place.read_text(), nginx.reloads) == (before, 0)


def test_a_link_to_somebody_elses_file_is_not_followed(program, placed, tmp_path):
    placed("").parent.joinpath("given.pem").unlink()
    (tmp_path / "given.pem").symlink_to(tmp_path / "site.key")
    nginx = Nginx(program)
    with pytest.raises(OSError, match="symbolic link"):
        program["install"](NOW, nginx.reload, nginx.shown)


def test_when_nginx_does_not_take_it_the_old_one_is_back(program, chain, placed):
    place = placed(chain())
    before, nginx = place.read_text(), Nginx(program, refuses=1)
    with pytest.raises(program["Refused"], match="before is in place again"):
        program["install"](NOW, nginx.reload, nginx.shown)
    assert (place.read_text(), nginx.chain, nginx.reloads) == (before, before, 2)


def test_when_nginx_does_not_show_it_the_old_one_is_back(program, chain, placed, monkeypatch):
    monkeypatch.setitem(program, "SHOWN_WITHIN_S", 0.2)
    place = placed(chain())
    before, nginx = place.read_text(), Nginx(program, stubborn=True)
    with pytest.raises(program["Refused"], match="did not show the new certificate"):
        program["install"](NOW, nginx.reload, nginx.shown)
    assert place.read_text() == before


def test_its_file_is_never_readable_by_others(program, chain, placed):
    place = placed(chain())
    nginx = Nginx(program)
    program["install"](NOW, nginx.reload, nginx.shown)
    assert place.stat().st_mode & 0o077 == 0
