"""The hosts of a site, as its file names them."""

from pathlib import PurePosixPath

import pytest

from pipeline import site as sites
from pipeline.errors import SiteInvalid

MAIN = '[rolling]\nothers = ["app2=deploy@10.0.0.12"]\nworkers = ["jobs1=deploy@10.0.0.13"]\n'
KEY = 'identity = "/etc/studium/hosts/key"\n'


def loaded(tmp_path, text):
    (tmp_path / "site.toml").write_text(f'{text}\n[folders]\nrun = "/tmp/r"\n')
    return sites.load(tmp_path / "site.toml")


def test_a_site_of_one_host_has_no_others(tmp_path):
    site = loaded(tmp_path, "")
    assert (site.role, site.others, site.main_host) == ("main", (), None)


def test_the_main_host_knows_the_others_and_their_roles_in_the_order_of_a_release(tmp_path):
    site = loaded(tmp_path, MAIN + KEY)
    assert [(one.name, one.role) for one in site.others] == [
        ("app2", "application"),
        ("jobs1", "worker"),
    ]
    assert site.others[0].address == "ssh://deploy@10.0.0.12"
    assert site.others[0].folder == PurePosixPath(tmp_path)


def test_a_host_may_have_a_port_and_a_folder_of_its_own(tmp_path):
    text = '[rolling]\nothers = ["app2=deploy@[fe80::1]:2222/srv/other"]\n' + KEY
    [host] = loaded(tmp_path, text).others
    assert (host.address, str(host.folder)) == ("ssh://deploy@[fe80::1]:2222", "/srv/other")


def test_a_further_host_knows_its_main_and_releases_nobody(tmp_path):
    text = '[rolling]\nrole = "worker"\nmain = "deploy@10.0.0.11"\n' + KEY
    site = loaded(tmp_path, text)
    assert site.main_host is not None
    assert site.main_host.login == "deploy@10.0.0.11"
    assert (site.is_main, site.has_pages, site.others) == (False, False, ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('role = "boss"', "role must be one of main, application, worker"),
        ('role = "worker"\n' + KEY, "needs `main`"),
        (MAIN.removeprefix("[rolling]\n"), "`identity` must be the absolute path"),
        ('others = ["deploy@10.0.0.12"]\n' + KEY, "names no host"),
        ('others = ["app2=-oProxyCommand=x@10.0.0.12"]\n' + KEY, "is no address"),
        ('others = ["app2=deploy@-oProxyCommand"]\n' + KEY, "is no address"),
        ('others = ["a=d@10.0.0.1"]\nworkers = ["a=d@10.0.0.2"]\n' + KEY, "two hosts are called"),
        ('main = "deploy@10.0.0.11"\n' + KEY, "leave `main` empty"),
        ('role = "worker"\nmain = "d@a"\nothers = ["a=d@b"]\n' + KEY, "only the main host"),
    ],
)
def test_what_cannot_be_is_refused_with_the_file_and_the_reason(tmp_path, text, told):
    with pytest.raises(SiteInvalid, match=r"site\.toml: rolling: ") as refusal:
        loaded(tmp_path, text if text.startswith("[") else f"[rolling]\n{text}")
    assert told in str(refusal.value)
