"""A runner gets a site's facts, key and host key from variables, and gives nothing of them away."""

import subprocess

import pytest

HOST = "deploy@lab.example.org"


def new_key(folder, name, *flags):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", *flags, "-f", folder / name], check=True
    )
    return (folder / name).read_text(), (folder / f"{name}.pub").read_text().split()


@pytest.fixture
def given(tmp_path):
    private, _ = new_key(tmp_path, "ours")
    _, public = new_key(tmp_path, "theirs")
    known = f"lab.example.org {' '.join(public[:2])}"
    return {"STUDIUM_HOST": HOST, "STUDIUM_SSH_KEY": private, "STUDIUM_KNOWN_HOSTS": known}


@pytest.fixture
def runner(work):
    """A checkout on a machine that knows no site."""
    for name in ("staging", "production"):
        (work.site(name) / "site.toml").unlink()
    return work


def sites(work):
    return {file.name: file for file in (work.folder / "sites").glob("*")}


def test_a_runner_reaches_the_site_with_the_one_key_and_the_one_host_key(runner, given):
    code, said = runner.fab("connect:staging", **given)
    assert code == 0, said
    assert given["STUDIUM_SSH_KEY"].split()[5] not in said
    files = sites(runner)
    assert set(files) == {"staging.toml", "staging.key", "staging.key.known_hosts"}
    assert {oct(file.stat().st_mode & 0o777) for file in files.values()} == {"0o600"}
    _, shown = runner.fab("deploy:staging", "--dry-run")
    for word in ("IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "-F none", "staging.key"):
        assert word in shown
    _, shown = runner.fab("status:staging", "--dry-run")
    assert f"-i {runner.folder}/sites/staging.key" in shown
    assert f"ssh://{HOST}" in shown


def test_afterwards_nothing_of_it_is_left(runner, given):
    runner.fab("connect:staging", **given)
    assert runner.fab("disconnect:staging")[0] == 0
    assert sites(runner) == {}
    assert runner.fab("disconnect:staging")[0] == 0


def test_a_person_s_own_file_is_neither_overwritten_nor_removed(runner, given):
    (runner.folder / "sites").mkdir()
    (runner.folder / "sites/staging.toml").write_text('name = "staging"\n')
    for verb in ("connect", "disconnect"):
        code, said = runner.fab(f"{verb}:staging", **given)
        assert code == 2
        assert "a person's" in said
    assert (runner.folder / "sites/staging.toml").read_text() == 'name = "staging"\n'


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("STUDIUM_HOST", "", "STUDIUM_HOST must be given"),
        ("STUDIUM_HOST", "-oProxyCommand=id@x", "must be user@host"),
        ("STUDIUM_HOST", 'deploy@x"\nbranch = "dev', "must be user@host"),
        ("STUDIUM_SSH_KEY", "no key at all, but a secret", "is no private key"),
        ("STUDIUM_KNOWN_HOSTS", "other.example.org ssh-ed25519 AAAA", "no key of lab.example.org"),
    ],
)
def test_what_is_wrong_is_said_without_a_word_of_the_secret(runner, given, name, value, reason):
    code, said = runner.fab("connect:staging", **given | {name: value})
    assert code == 2
    assert reason in said
    assert "but a secret" not in said
    assert sites(runner) == {}


def test_a_key_with_a_passphrase_is_refused_because_nobody_is_there_to_type_it(
    runner, given, tmp_path
):
    private, _ = new_key(tmp_path, "locked", "-N", "a passphrase")
    code, said = runner.fab("connect:staging", **given | {"STUDIUM_SSH_KEY": private})
    assert code == 2
    assert "without a passphrase" in said
    assert sites(runner) == {}


def test_a_host_key_of_another_port_is_not_this_host_s(runner, given):
    code, said = runner.fab("connect:staging", **given | {"STUDIUM_HOST": f"{HOST}:2222"})
    assert code == 2
    assert "no key of [lab.example.org]:2222" in said
