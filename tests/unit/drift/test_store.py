"""What is kept is what was declared, whole."""

import json
import stat

import pytest

from drift.store import HOME, NotDeclaredError

SITE = "/etc/nginx/studium/site.conf"


def test_a_content_is_kept_where_root_alone_reads(host):
    host.declare(SITE, "a;\n")
    wanted = host.keep().files[SITE]
    assert host.store.content(wanted.kept) == b"a;\n"
    folder = (host.root / HOME.strip("/") / "store").resolve()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_changed_while_the_playbook_ran_is_not_kept(host):
    host.declare(SITE, "a;\n")
    host.keep()
    host.declare(SITE, "b;\n")
    host.write(SITE, "edited by hand;\n")
    with pytest.raises(NotDeclaredError, match="Nothing was kept; run it again"):
        host.keep()
    assert host.store.content(host.store.load().files[SITE].kept) == b"a;\n"


def test_keeping_again_is_nothing_new(host):
    host.declare(SITE, "a;\n")
    host.keep()
    assert host.store.keep() is False
    host.declare(SITE, "b;\n")
    host.keep()
    assert len(list((host.root / HOME.strip("/")).glob("store.*"))) == 1


def test_a_kept_content_that_was_changed_is_not_installed(host):
    host.declare(SITE, "a;\n")
    digest = host.keep().files[SITE].kept
    (host.store.home / "store" / digest).write_text("evil;\n")
    with pytest.raises(NotDeclaredError, match="was changed"):
        host.store.content(digest)


def test_of_a_secret_whose_content_is_not_declared_only_a_copy_is_kept(host):
    host.declare("/srv/studium/secrets.env", "A=b\n", mode="0640", sha1="")
    wanted = host.keep().files["/srv/studium/secrets.env"]
    assert wanted.content == ""
    assert host.store.content(wanted.kept) == b"A=b\n"


def test_without_a_declaration_it_says_how_to_get_one(host):
    with pytest.raises(NotDeclaredError, match="Run the whole playbook"):
        host.store.load()


def test_a_part_of_the_playbook_leaves_the_rest_as_it_was_kept(host):
    host.declare(SITE, "a;\n")
    host.declare("/etc/cron.d/studium", "x\n")
    host.keep()
    host.write("/etc/cron.d/studium", "edited by hand\n")
    host.declare(SITE, "b;\n")
    part = {"files": {SITE: host.files[SITE]}, "units": {"cron.service": {"active": True}}}
    part |= {"packages": ["cron"], "users": {}, "groups": []}
    (host.store.home / "part.json").write_text(json.dumps(part))
    assert host.store.keep_part() is True
    kept = host.store.load()
    assert host.store.content(kept.files[SITE].kept) == b"b;\n"
    assert host.store.content(kept.files["/etc/cron.d/studium"].kept) == b"x\n"
    assert kept.packages == ("cron",)
    assert host.store.keep_part() is False
