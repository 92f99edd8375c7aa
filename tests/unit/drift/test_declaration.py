"""What a result of Ansible declares."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "ansible" / "callback_plugins" / "declaration.py"


@pytest.fixture(scope="module")
def plugin():
    spec = importlib.util.spec_from_file_location("declaration", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared(plugin, module, words, **result):
    given = plugin.empty()
    plugin.add(given, module, {"invocation": {"module_args": words}, **result})
    return given


OWNED = {"owner": "root", "group": "root", "mode": "0644"}


@pytest.mark.parametrize("module", ["copy", "template"])
def test_a_file_with_its_content(plugin, module):
    words = {"dest": "/etc/x", "state": "file", **OWNED}
    found = declared(plugin, module, words, checksum="c0ffee")["files"]
    assert found == {"/etc/x": {"kind": "file", **OWNED, "sha1": "c0ffee"}}


def test_a_folder_and_what_shall_be_absent(plugin):
    folder = declared(plugin, "file", {"path": "/etc/x/", "state": "directory", **OWNED})
    assert folder["files"]["/etc/x"]["kind"] == "folder"
    gone = declared(plugin, "file", {"path": "/etc/x", "state": "absent"})
    assert gone["files"]["/etc/x"]["kind"] == "absent"


def test_a_file_that_a_command_made_is_declared_by_its_owner_and_mode(plugin):
    words = {"path": "/etc/key", "state": None, "owner": "eve", "group": "eve", "mode": "0400"}
    found = declared(plugin, "file", words, state="file")["files"]
    assert found == {"/etc/key": {"kind": "file", "owner": "eve", "group": "eve", "mode": "0400"}}


def test_a_mode_that_is_declared_after_the_content_keeps_it(plugin):
    given = plugin.empty()
    for result in (
        {"invocation": {"module_args": {"dest": "/x", **OWNED}}, "checksum": "c0ffee"},
        {"invocation": {"module_args": {"path": "/x", "state": "file", **OWNED, "mode": "0600"}}},
    ):
        plugin.add(given, "file", result)
    assert given["files"]["/x"]["sha1"] == "c0ffee"
    assert given["files"]["/x"]["mode"] == "0600"


def test_what_is_censored_declares_nothing(plugin):
    given = plugin.empty()
    plugin.add(given, "copy", {"censored": "the output has been hidden"})
    assert given == plugin.empty()


def test_units_packages_users_and_groups(plugin):
    unit = declared(
        plugin, "systemd_service", {"name": "cron", "enabled": True, "state": "started"}
    )
    assert unit["units"] == {"cron.service": {"enabled": True, "active": True}}
    reload = declared(plugin, "systemd_service", {"name": None, "daemon_reload": True})
    assert reload["units"] == {}
    restart = declared(plugin, "systemd_service", {"name": "x.timer", "state": "restarted"})
    assert restart["units"] == {}
    assert declared(plugin, "apt", {"name": ["b", "a"], "state": "present"})["packages"] == [
        "a",
        "b",
    ]
    user = {
        "name": "eve",
        "state": "present",
        "group": "g",
        "groups": ["h"],
        "home": "/",
        "shell": "/x",
    }
    assert declared(plugin, "user", user)["users"]["eve"]["groups"] == ["h"]


def test_folders_that_come_as_one_archive_are_declared_file_by_file(plugin, tmp_path):
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline/git.py").write_text("x")
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/big.whl").write_bytes(b"x" * (plugin.LARGE + 1))
    files = {}
    argv = ["python3", "pack.py", "a.tar", str(tmp_path), "/srv/x", "pipeline", "wheels"]
    plugin.add_mirrored(files, argv)
    assert files["/srv/x/pipeline/git.py"]["mode"] == "0644"
    assert files["/srv/x/wheels"] == {"kind": "tree"}
