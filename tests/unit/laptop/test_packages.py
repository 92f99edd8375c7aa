"""What a machine lacks is seen by what a package brings; servers of packages are kept quiet."""

import stat

import pytest

from laptop import packages
from laptop.console import Console
from laptop.errors import PackagesMissing
from laptop.packages import Package

HERE = Package("here", "it is there", lambda: True)
GONE = Package("gone", "the test wants it", lambda: False)


def test_a_package_is_missing_when_what_it_brings_is_not_there():
    assert packages.missing([HERE, GONE]) == [GONE]


def test_a_program_counts_however_it_came(tmp_path, monkeypatch):
    tool = tmp_path / "studium-test-tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    seen = packages.program(tool.name)
    assert not seen()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert seen()


def test_a_program_in_a_folder_of_roots_is_found_without_it_on_the_path(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert packages.find("chroot") == "/usr/sbin/chroot"


def test_a_file_is_found_by_a_pattern(tmp_path):
    (tmp_path / "15" / "bin").mkdir(parents=True)
    (tmp_path / "15" / "bin" / "initdb").touch()
    assert packages.file(f"{tmp_path}/*/bin/initdb")()
    assert not packages.file(f"{tmp_path}/*/bin/nothing")()


def test_nothing_is_asked_of_apt_when_nothing_is_missing(tmp_path, capsys):
    packages.ensure([HERE], Console(), tmp_path / "log")
    assert capsys.readouterr().out == ""


def test_without_root_the_one_line_to_type_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "become_root", lambda: None)
    with pytest.raises(PackagesMissing) as refusal:
        packages.ensure([HERE, GONE], Console(), tmp_path / "log")
    assert "\n    sudo apt-get install -y --no-install-recommends gone\n" in str(refusal.value)


def test_every_package_says_what_it_is_for():
    everything = {*packages.SITES, *packages.SERVERS, *packages.BROWSER, packages.POSTGRESQL}
    assert all(package.reason for package in everything)
    assert len({package.name for package in everything}) == len(everything)


def test_services_stay_quiet_only_while_packages_are_installed(tmp_path):
    policy = tmp_path / "policy-rc.d"
    with packages.quiet_services([], policy):
        assert "exit 101" in policy.read_text()
        assert policy.stat().st_mode & stat.S_IXUSR
    assert list(tmp_path.iterdir()) == []


def test_a_machines_own_policy_is_back_afterwards_even_when_the_installation_fails(tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(ZeroDivisionError), packages.quiet_services([], policy):
        assert 1 / 0
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert [path.name for path in tmp_path.iterdir()] == ["policy-rc.d"]


def test_a_policy_left_by_a_killed_installation_is_cleared_by_the_next(tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text(packages.POLICY_TEXT)
    (tmp_path / "policy-rc.d.studium").write_text("#!/bin/sh\nexit 0\n")
    with packages.quiet_services([], policy):
        pass
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
