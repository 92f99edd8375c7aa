"""The parts of the containers' commands that need no container."""

import io
import os
import stat
import subprocess
import sys
import tarfile

import pytest

from container import archive, attend, engine, facts, keys, place, source, web
from container.engine import Engine
from container.errors import ContainerError
from container.facts import Facts
from pipeline import site as sites
from pipeline.errors import Refused
from pipeline.releases import Release


@pytest.fixture
def own(tmp_path):
    (tmp_path / "facts").mkdir()
    return Facts(tmp_path / "facts")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A container's own folder, here."""
    monkeypatch.setattr(place, "ROOT", tmp_path)
    monkeypatch.setattr(keys, "FILE", tmp_path / "secrets.env")
    return tmp_path


# --- facts ----------------------------------------------------------------------------------------
def test_an_address_becomes_a_site_with_its_ports_and_names(own):
    own.prepare("https://studium.lab.example/")
    site = own.site()
    assert (site.url, site.facts["hosts"]) == (
        "https://studium.lab.example",
        ["studium.lab.example"],
    )
    assert own.values() == {"STUDIUM_HTTPS_PORT": "443", "STUDIUM_HTTP_PORT": "80"}
    assert (own.folder / "front/profile.conf").read_text() == "include studium/tls.conf;\n"
    front = (own.folder / "front/host.conf").read_text()
    assert front == 'server_name studium.lab.example;\nset $studium_site "studium";\n'


def test_the_facts_can_be_read_by_the_users_of_the_containers(own):
    before = os.umask(0o077)
    try:
        own.prepare("https://studium.lab.example")
    finally:
        os.umask(before)
    files = [file for file in own.folder.rglob("*") if file.is_file()]
    assert len(files) == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o644}
    assert stat.S_IMODE((own.folder / "front").stat().st_mode) == 0o755


def test_a_laboratory_without_certificates_gets_plain_http(own):
    own.prepare("http://studium.lab:8080")
    assert (own.folder / "front/profile.conf").read_text() == "include studium/lan.conf;\n"
    assert own.values() == {"STUDIUM_HTTPS_PORT": "8443", "STUDIUM_HTTP_PORT": "8080"}


def test_the_networks_that_a_person_has_written_stay(own):
    own.prepare("https://one.example")
    (own.folder / "front/networks.conf").write_text("allow 10.0.0.0/8;\ndeny all;\n")
    own.prepare("")
    assert (own.folder / "front/networks.conf").read_text().startswith("allow 10.")


def test_another_port_gets_a_neighbour_for_plain_http(own):
    own.prepare("https://localhost:8443")
    assert own.values()["STUDIUM_HTTP_PORT"] == "8080"


def test_what_stands_in_the_facts_stays(own):
    own.prepare("https://one.example")
    own.keep({"STUDIUM_HTTP_PORT": "8000", "STUDIUM_RELEASE": "r1"})
    own.prepare("https://two.example")
    assert own.site().url == "https://one.example"
    assert own.values()["STUDIUM_HTTP_PORT"] == "8000"
    assert own.values()["STUDIUM_RELEASE"] == "r1"


@pytest.mark.parametrize("url", ["", "ftp://lab.example", "lab.example", "https://"])
def test_an_address_without_a_scheme_or_name_is_refused(own, url):
    with pytest.raises(ContainerError, match="Give one like https"):
        own.prepare(url)
    assert not own.site_file.exists()


def test_two_commands_do_not_change_a_site_at_once(own):
    with own.turn(is_needed=True):
        with pytest.raises(ContainerError, match="Another command"), own.turn(is_needed=True):
            pass
        with own.turn(is_needed=False):
            pass
    with own.turn(is_needed=True):
        pass


# --- the engine -----------------------------------------------------------------------------------
def test_a_machine_without_an_engine_is_told_what_to_install(tmp_path, own, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContainerError, match="podman-compose"):
        engine.find(tmp_path, own)


def test_podman_is_used_with_the_tools_of_the_clone(tmp_path, own, monkeypatch):
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for program in (tmp_path / "podman", tools / "podman-compose"):
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = engine.find(tmp_path, own)
    assert (found.program, found.compose) == ("podman", (str(tools / "podman-compose"),))


def test_the_images_of_an_update_do_not_touch_what_is_live(tmp_path, own):
    own.keep({"STUDIUM_RELEASE": "old"})
    live = Engine("podman", ("podman-compose",), tmp_path, own)
    new = live.with_values(STUDIUM_RELEASE="new")
    assert live._environment()["STUDIUM_RELEASE"] == "old"
    assert new._environment()["STUDIUM_RELEASE"] == "new"
    assert own.values() == {"STUDIUM_RELEASE": "old"}


def test_a_command_that_ends_badly_is_an_error_with_its_words(tmp_path, own):
    broken = Engine("false", ("false",), tmp_path, own)
    with pytest.raises(ContainerError, match=r"false --file .* up .* ended with 1"):
        broken.up("web")
    assert broken.ask("web", "true") is False


# --- secrets --------------------------------------------------------------------------------------
def test_secrets_are_made_once_and_read_by_the_group_alone(root):
    keys.make()
    made = keys.FILE.read_text()
    keys.make()
    assert keys.FILE.read_text() == made
    assert stat.S_IMODE(keys.FILE.stat().st_mode) == 0o640
    [key] = [line for line in made.splitlines() if line.startswith("STUDIUM_SECRET_KEY=")]
    assert len(key) > 80


def test_keys_from_before_identities_were_sealed_get_one_and_the_rest_stays(root):
    keys.FILE.write_text("STUDIUM_SECRET_KEY=kept\nSTUDIUM_IDENTITY_KEY=\nCACHE_URL=x\n")
    keys.make()
    told = keys.FILE.read_text().splitlines()
    assert told[:2] == ["STUDIUM_SECRET_KEY=kept", "CACHE_URL=x"]
    assert len(told[2].removeprefix("STUDIUM_IDENTITY_KEY=")) >= 80
    keys.make()
    assert keys.FILE.read_text().splitlines() == told


def test_a_secret_replaces_the_one_of_its_name_and_goes_when_empty(root):
    keys.make()
    before = keys.FILE.read_text()
    keys.put("EMAIL_URL", "smtp://one")
    keys.put("EMAIL_URL", "smtp://two=2")
    assert keys.FILE.read_text() == before + "EMAIL_URL=smtp://two=2\n"
    keys.put("EMAIL_URL", "")
    assert keys.FILE.read_text() == before


@pytest.mark.parametrize(("name", "value"), [("a b", "x"), ("X=Y", "x"), ("EMAIL_URL", "a\nB=c")])
def test_what_would_be_another_line_of_secrets_is_refused(root, name, value):
    keys.make()
    before = keys.FILE.read_text()
    with pytest.raises(Refused):
        keys.put(name, value)
    assert keys.FILE.read_text() == before


# --- archives -------------------------------------------------------------------------------------
def packed(**files):
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    into.seek(0)
    return into


def test_only_the_parts_that_were_asked_for_come_out(root):
    content = packed(**{"media/a/b.txt": b"scan", "keys/secrets.env": b"X=1"})
    assert archive.unpack(content, "media", "jobs") == [root / "media/a/b.txt"]
    assert (root / "media/a/b.txt").read_bytes() == b"scan"
    assert not (root / "keys").exists()


@pytest.mark.parametrize("name", ["media/../../outside", "media/../keys/secrets.env"])
def test_a_name_that_leads_out_of_its_folder_is_refused(root, name):
    with pytest.raises(Refused, match="none of ours"):
        archive.unpack(packed(**{name: b"x"}), "media")
    assert list(root.iterdir()) == []


def test_links_in_an_archive_are_left_out(root):
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as made:
        entry = tarfile.TarInfo("media/link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(entry)
    into.seek(0)
    assert archive.unpack(into, "media") == []


def test_no_archive_at_all_is_refused_with_words_for_people(root):
    with pytest.raises(Refused, match="no backup of Studium"):
        archive.unpack(io.BytesIO(b"no archive" * 100), "media")


# --- the web server and the programs beside it ----------------------------------------------------
def test_the_web_server_has_a_vassals_settings_but_logs_to_the_engine(root, tmp_path, monkeypatch):
    (tmp_path / "site.toml").write_text('name = "lab"\n[folders]\nrun = "/run/studium"\n')
    site = sites.load(tmp_path / "site.toml")
    folder = tmp_path / "releases" / "r1"
    release = Release("r1", "c" * 40, folder, tmp_path / "e", tmp_path / "l")
    monkeypatch.setattr(place, "release", lambda _: release)
    lines = web.settings(site, "next").splitlines()
    names = [line.partition(" = ")[0] for line in lines]
    assert "socket = /run/studium/next.sock" in lines
    assert "harakiri = 120" in lines
    assert f"module = {'config.wsgi'}" in lines
    assert {"logto2", "die-on-term"}.isdisjoint(names)
    assert names.count("socket") == 1
    assert "hook-master-start = unix_signal:15 gracefully_kill_them_all" in lines


def test_the_worker_is_waited_for_with_all_that_it_has_left(monkeypatch, tmp_path):
    mark = tmp_path / "done"
    work = f"import subprocess; subprocess.Popen(['sh', '-c', 'sleep 0.5; touch {mark}'])"
    monkeypatch.setattr(attend, "MANAGE", (sys.executable, "-c", work))
    told = subprocess.run(
        [sys.executable, "-c", REAPER, sys.executable, work], check=False, cwd=tmp_path
    )
    assert told.returncode == 0
    assert mark.exists()


REAPER = """\
import ctypes, sys
ctypes.CDLL(None).prctl(36, 1)  # like the first process of a container, inherit orphans
sys.path[:0] = %r
from container import attend
attend.MANAGE = (sys.argv[1], "-c", sys.argv[2])
sys.exit(attend.worker())
""" % [path for path in sys.path if path.endswith("deploy")]


# --- the source -----------------------------------------------------------------------------------
def test_an_image_is_made_of_the_commit_and_of_nothing_else(tmp_path):
    clone = tmp_path / "clone"
    clone.mkdir()
    git = ("git", "-C", str(clone), "-c", "user.name=A", "-c", "user.email=a@b")
    (clone / "kept.txt").write_text("kept")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "One")):
        subprocess.run([*git, *words], check=True)
    (clone / "secrets.env").write_text("not committed")
    with source.exported(clone) as found:
        assert [file.name for file in found.folder.iterdir()] == ["kept.txt"]
        assert found.release.endswith(found.commit[:12])
        place_of_it = found.folder
    assert not place_of_it.exists()


def test_a_folder_that_is_no_clone_is_refused_with_a_reason(tmp_path):
    with pytest.raises(ContainerError, match="clone of the repository"), source.exported(tmp_path):
        pass


def test_the_folder_of_the_facts_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIUM_FACTS", str(tmp_path / "elsewhere"))
    assert facts.of(tmp_path).folder == tmp_path / "elsewhere"
