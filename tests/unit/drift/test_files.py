"""What is said about a file that is not as declared, and what is never shown."""

import pytest

from drift import files
from drift.findings import Redaction, difference, redaction

SITE = "/etc/nginx/studium/site.conf"
SENTINEL = "sentinel-4711-never-show"


def lines(host, declared):
    found = [
        *files.compare(host.machine, declared, host.store),
        *files.strays(host.machine, declared),
    ]
    return [one.text() for one in found]


def test_a_host_that_is_as_declared_has_no_line(host):
    host.declare(SITE, "a;\nb;\n")
    assert lines(host, host.keep()) == []


def test_a_changed_line_is_shown_with_both_sides(host):
    host.declare(SITE, "a;\nb;\n")
    declared = host.keep()
    host.write(SITE, "a;\nc;\n")
    (told,) = lines(host, declared)
    assert told.startswith(f"{SITE}: its content differs")
    assert "-b;" in told
    assert "+c;" in told


@pytest.mark.parametrize(
    ("declared", "present"), [("0640", 0o640), ("0640", 0o644), ("0644", 0o600)]
)
def test_what_is_not_for_everybody_is_never_shown(host, declared, present):
    host.declare(SITE, "a;\n", mode=declared)
    kept = host.keep()
    host.write(SITE, f"a;\n{SENTINEL};\n", mode=present)
    told = "\n".join(lines(host, kept))
    assert "its content differs (not shown" in told
    assert SENTINEL not in told


def test_a_secret_of_the_site_is_taken_out_of_a_diff(host):
    host.declare("/srv/studium/secrets.env", f"STUDIUM_SECRET_KEY={SENTINEL}\n", mode="0640")
    host.declare(SITE, "a;\n")
    kept = host.keep()
    host.write(SITE, f"a;\nset $x {SENTINEL};\n")
    told = "\n".join(lines(host, kept))
    assert "[secret]" in told
    assert SENTINEL not in told


@pytest.mark.parametrize(
    "line",
    [
        f"password = {SENTINEL}",
        f"proxy_pass http://ann:{SENTINEL}@host/;",
        f'"api_key": "{SENTINEL}"',
        f"SENTRY_DSN={SENTINEL}",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(line):
    shown = difference(b"x\n", f"x\n{line}\n".encode(), Redaction())
    assert SENTINEL not in "\n".join(shown)


def test_short_values_do_not_blot_out_ordinary_words():
    assert redaction("A=on\nB=long-enough\n").values == ("long-enough",)


def test_mode_missing_and_kind_are_each_a_line(host):
    for name in ("a", "b", "c"):
        host.declare(f"/etc/nginx/studium/{name}.conf", "x\n")
    declared = host.keep()
    folder = host.root / "etc/nginx/studium"
    (folder / "a.conf").chmod(0o666)
    (folder / "b.conf").unlink()
    (folder / "c.conf").unlink()
    (folder / "c.conf").symlink_to("/etc/shadow")
    told = "\n".join(lines(host, declared))
    assert "a.conf: its mode is 0666, declared is 0644" in told
    assert "b.conf: the file is missing" in told
    assert "c.conf: is a link to /etc/shadow" in told


@pytest.mark.parametrize(
    "path",
    [
        "/etc/sudoers.d/evil",
        "/etc/cron.d/evil",
        "/var/spool/cron/crontabs/root",
        "/etc/systemd/system/nginx.service.d/x.conf",
        "/run/systemd/system/studium-emperor.service.d/x.conf",
        "/srv/studium/repository.git/hooks/post-update",
        "/etc/ssh/authorized_keys.d/root",
        "/etc/nginx/studium/more.conf",
        "/etc/ld.so.preload",
    ],
)
def test_what_nothing_declares_is_found_and_not_shown(host, path):
    declared = host.keep()
    host.write(path, SENTINEL)
    (told,) = lines(host, declared)
    assert told.startswith(f"{path}: nothing declares it")
    assert SENTINEL not in told


def test_what_a_package_brought_and_what_enables_it_belongs_there(host):
    host.write("/var/lib/dpkg/info/cron.list", "/etc/cron.d/.placeholder\n/etc/other\n")
    host.write("/etc/cron.d/.placeholder", "")
    host.declare("/etc/systemd/system/studium-x.service", "[Service]\n")
    wants = host.root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "nginx.service").symlink_to("/lib/systemd/system/nginx.service")
    (wants / "studium-x.service").symlink_to("/etc/systemd/system/studium-x.service")
    assert lines(host, host.keep()) == []
    (wants / "evil.service").symlink_to("/home/eve/evil.service")
    assert "evil.service: nothing declares it" in lines(host, host.store.load())[0]


def test_a_renewed_certificate_is_no_drift(host):
    declared = host.keep()
    host.write("/etc/studium/tls/account.key", "renewed", mode=0o600)
    assert lines(host, declared) == []


def test_what_shall_be_absent_is_found(host):
    host.files["/etc/nginx/sites-enabled/default"] = {"kind": "absent"}
    declared = host.keep()
    host.write("/etc/nginx/sites-enabled/default", "x")
    assert any("declared absent" in line for line in lines(host, declared))


def test_a_key_that_nothing_declares_is_left_to_a_person(host):
    declared = host.keep()
    host.write("/etc/studium/others/key", "made by a command", mode=0o600)
    (told,) = lines(host, declared)
    assert "by hand: move /etc/studium/others/key away" in told


def test_what_no_backup_can_hold_is_left_to_a_person(host, monkeypatch):
    declared = host.keep()
    monkeypatch.setattr(files, "LARGEST", 3)
    host.write("/usr/local/bin/big", "large")
    (told,) = lines(host, declared)
    assert "by hand: move /usr/local/bin/big away" in told
