"""Files are put in place whole, put back as they were, and never beyond a link."""

import pytest

from drift import placing
from drift.store import Wanted

PATH = "/etc/cron.d/studium"
WANTED = Wanted(PATH, "file", mode=0o644)


def test_a_file_is_installed_and_put_back(host):
    place = host.write(PATH, "old\n", mode=0o600)
    saved, content = placing.save(host.machine, PATH, "0")
    placing.install(host.machine, WANTED, b"new\n")
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("new\n", 0o644)
    placing.put_back(host.machine, saved, content)
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("old\n", 0o600)
    assert [file.name for file in place.parent.iterdir()] == ["studium"]


def test_what_was_not_there_is_gone_again(host):
    (host.root / "etc/cron.d").mkdir(parents=True)
    saved, content = placing.save(host.machine, PATH, "0")
    placing.install(host.machine, WANTED, b"new\n")
    placing.put_back(host.machine, saved, content)
    assert list((host.root / "etc/cron.d").iterdir()) == []


def test_a_link_is_replaced_and_what_it_led_to_stays(host):
    secret = host.write("/secret", "theirs\n")
    (host.root / "etc/cron.d").mkdir(parents=True)
    (host.root / "etc/cron.d/studium").symlink_to(secret)
    saved, content = placing.save(host.machine, PATH, "0")
    placing.install(host.machine, WANTED, b"new\n")
    assert secret.read_text() == "theirs\n"
    placing.put_back(host.machine, saved, content)
    assert (host.root / "etc/cron.d/studium").readlink() == secret


def test_a_folder_that_became_a_link_leads_nobody_elsewhere(host):
    (host.root / "elsewhere").mkdir()
    (host.root / "etc").mkdir()
    (host.root / "etc/cron.d").symlink_to(host.root / "elsewhere")
    with pytest.raises(OSError, match="Not a directory"):
        placing.install(host.machine, WANTED, b"new\n")
    assert list((host.root / "elsewhere").iterdir()) == []


def test_attributes_of_a_link_are_not_those_of_its_target(host):
    secret = host.write("/secret", "theirs\n", mode=0o600)
    (host.root / "etc/cron.d").mkdir(parents=True)
    (host.root / "etc/cron.d/studium").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic"):
        placing.install(host.machine, WANTED, None)
    assert secret.stat().st_mode & 0o777 == 0o600


def test_the_folder_of_a_drop_in_goes_with_its_last_file(host):
    path = "/etc/systemd/system/nginx.service.d/x.conf"
    host.write(path, "[Service]\n")
    saved, content = placing.save(host.machine, path, "0")
    placing.remove(host.machine, path)
    assert not (host.root / "etc/systemd/system/nginx.service.d").exists()
    placing.put_back(host.machine, saved, content)
    assert (host.root / path.strip("/")).read_text() == "[Service]\n"
