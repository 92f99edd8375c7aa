"""Hosts that somebody has changed by hand: found, said in a line, and put right."""

import json
import time
from pathlib import Path

import pytest
from tests.fleet import fleet, image
from tests.fleet.visitors import Visitor

HOME = "/var/lib/studium-drift"
SITE = "/etc/nginx/studium/site.conf"
SENTINEL = "sentinel-4711-never-to-be-shown"
CLEAN = "No drift: this host is as declared.\n"
# What somebody did, and the line that says so.
HANDS = {
    f"sed -i 's/client_max_body_size 8m/client_max_body_size 9m/' {SITE}": f"{SITE}: its content",
    "echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/evil; chmod 440 /etc/sudoers.d/evil":
        "/etc/sudoers.d/evil: nothing declares it",
    "echo 'this is no rule' > /etc/sudoers.d/broken": "/etc/sudoers.d/broken: nothing declares it",
    "echo '* * * * * root true' > /etc/cron.d/evil": "/etc/cron.d/evil: nothing declares it",
    "echo '* * * * * true' > /var/spool/cron/crontabs/deploy": "crontabs/deploy: nothing declares",
    "mkdir -p /etc/systemd/system/cron.service.d; "
    "printf '[Service]\\nNice=5\\n' > /etc/systemd/system/cron.service.d/x.conf":
        "/etc/systemd/system/cron.service.d/x.conf: nothing declares it",
    "sed -i 's/02:17/03:17/' /etc/systemd/system/studium-backup.timer": "its content differs",
    "systemctl disable -q --now studium-finish.timer": "studium-finish.timer: is disabled",
    "chmod 4777 /usr/local/bin/studium-gate": "its mode is 4777, declared is 0755",
    "chown deploy /srv/studium/site.toml": "its owner is deploy, declared is root",
    "rm /etc/tmpfiles.d/studium.conf": "/etc/tmpfiles.d/studium.conf: the file is missing",
    "rm /srv/studium/repository.git/hooks/update; ln -s /bin/true "
    "/srv/studium/repository.git/hooks/update": "hooks/update: is a link to /bin/true",
    "echo '[uwsgi]' > /srv/studium/vassals/evil.ini": "evil.ini: no release has such a vassal",
    "echo '# mine' >> /etc/nginx/mime.types": "/etc/nginx/mime.types: its content differs",
    "echo '# mine' >> /etc/ssh/sshd_config": "not as it was when the host was provisioned",
    "echo 'host all all 0.0.0.0/0 trust' >> /etc/postgresql/15/main/pg_hba.conf":
        "pg_hba.conf: its content differs (not shown",
    "nft add rule inet studium input tcp dport 9999 accept": "+tcp dport 9999 accept",
}  # fmt: skip


def ask(host, *flags):
    """Ask as deploy does, behind the gate."""
    return host.ssh(f"runuser -u deploy -- studium-drift ask {' '.join(flags)}", check=False)


@pytest.fixture
def drifting(staging):
    """The host; a test that fails leaves it as declared too."""
    assert ask(staging).stdout == CLEAN
    yield staging
    if ask(staging).stdout != CLEAN:
        told = ask(staging, "--apply").stdout
        assert ask(staging).stdout == CLEAN, told


def test_after_a_release_nothing_differs(drifting, work):
    work.commit("Change nothing that is declared")
    assert work.push(drifting).returncode == 0
    told = work.fab(drifting, "drift:staging")
    assert (told.returncode, told.stdout) == (0, CLEAN)


def test_what_hands_have_done_is_found_and_repaired_while_people_use_the_site(drifting, work):
    drifting.ssh("; ".join(HANDS))
    found = work.fab(drifting, "drift:staging")
    assert found.returncode == 1
    assert [line for line in HANDS.values() if line not in found.stdout] == []
    with Visitor(drifting) as visitor:
        repaired = work.fab(drifting, "drift:staging", "--apply")
    assert repaired.returncode == 0, repaired.stdout
    assert set(visitor.answers) == {200}
    assert work.fab(drifting, "drift:staging").stdout == CLEAN
    row = json.loads(drifting.ssh("tail -n1 /srv/studium/ledger.jsonl").stdout)
    assert (row["kind"], row["outcome"], row["who"]) == ("host", "repaired", "ann")


def test_a_part_of_the_playbook_declares_its_part_and_leaves_the_rest_declared(drifting):
    wider = {"site_networks": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "203.0.113.7"]}
    drifting.ssh("echo x > /etc/cron.d/evil; echo '# mine' >> /etc/cron.d/studium")
    try:
        told = fleet.provision(drifting, "--tags", "networks", "-e", json.dumps(wider))
        assert not told.failed, told.text
        assert "203.0.113.7" in drifting.ssh("cat /etc/studium/networks.nft").stdout
        found = ask(drifting).stdout
        assert found.startswith("2 differences from what is declared:"), found
        assert "+# mine" in found
    finally:
        told = fleet.provision(drifting, "--tags", "networks")
        ask(drifting, "--apply")
    assert not told.failed, told.text


def test_what_was_there_before_a_repair_is_kept_for_root(drifting):
    drifting.ssh("echo 'a rule of mine' > /etc/cron.d/mine")
    ask(drifting, "--apply")
    kept = drifting.ssh(f"grep -rl 'a rule of mine' {HOME}/backups").stdout
    assert kept.startswith(f"{HOME}/backups/")
    assert drifting.ssh(f"runuser -u deploy -- ls {HOME}/backups", check=False).returncode


def test_an_emperor_with_other_options_is_replaced_without_a_failed_request(drifting):
    drifting.ssh("""d=/run/systemd/system/studium-emperor.service.d; mkdir -p $d
        start=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/studium-emperor.service)
        printf '[Service]\\nExecStart=\\nExecStart=%s\\n' "$start" > $d/x.conf
        sed -i s/tolerance=60/tolerance=5/ $d/x.conf
        systemctl daemon-reload; systemctl restart studium-emperor""")
    _wait_for(drifting, lambda: fleet.ask(drifting, "/health/", check=False).status == 200)
    drifting.ssh("rm -r /run/systemd/system/studium-emperor.service.d; systemctl daemon-reload")
    found = ask(drifting).stdout
    assert "studium-emperor.service: the emperor runs with other options" in found
    assert "+tolerance=5" in found
    with Visitor(drifting) as visitor:
        repaired = ask(drifting, "--apply")
    assert repaired.returncode == 0, repaired.stdout
    assert set(visitor.answers) == {200}
    assert drifting.ssh("systemctl is-active studium-bridge", check=False).stdout == "inactive\n"


def test_an_emperor_of_ones_own_is_found(drifting):
    drifting.ssh("systemd-run --quiet --unit=mine -p User=studium /opt/studium/uwsgi/bin/uwsgi "
                 "--emperor /tmp --die-on-term")  # fmt: skip
    try:
        _wait_for(drifting, lambda: "a uWSGI that nothing declares runs as studium" in
                  ask(drifting).stdout)  # fmt: skip
    finally:
        drifting.ssh("systemctl stop mine")


def test_a_stranger_in_a_powerful_group_is_found_and_left_to_a_person(drifting):
    drifting.ssh("gpasswd -a backup sudo")
    try:
        told = ask(drifting, "--apply").stdout
        assert "backup: is in the group sudo, undeclared" in told
        assert "by hand: gpasswd --delete backup sudo" in told
    finally:
        drifting.ssh("gpasswd -d backup sudo")


def test_a_key_that_root_took_away_is_not_given_back_by_a_key(drifting):
    place = "/etc/ssh/authorized_keys.d/deploy"
    drifting.ssh(f"sed -i /ben/d {place}")
    told = ask(drifting, "--apply")
    assert f"{place}: its content differs" in told.stdout
    assert "by hand: studium-drift apply, on the host as root" in told.stdout
    assert "ben" not in drifting.ssh(f"cat {place}").stdout
    assert drifting.ssh("studium-drift apply").returncode == 0
    assert "ben" in drifting.ssh(f"cat {place}").stdout


# --- repairs that may not be ----------------------------------------------------------------------
def _declare(host, old, new):
    """Let the host keep another content of the front's rules as the declared one."""
    host.ssh(f"""set -e; cp {HOME}/declaration.json /root/; sed -i 's|{old}|{new}|' {SITE}
        before=$(sha1sum < /root/site.conf | cut -c-40); after=$(sha1sum < {SITE} | cut -c-40)
        sed -i "s/$before/$after/" {HOME}/declaration.json; studium-drift keep
        cp -p /root/site.conf {SITE}""")


@pytest.fixture
def declaring(drifting):
    drifting.ssh(f"cp -p {SITE} /root/")
    yield lambda old, new: _declare(drifting, old, new)
    drifting.ssh(f"cp /root/declaration.json {HOME}/; cp -p /root/site.conf {SITE}; "
                 "studium-drift keep; systemctl reload nginx")  # fmt: skip


def test_a_declared_rule_that_nginx_refuses_is_not_installed(drifting, declaring):
    declaring("client_max_body_size 8m;", "client_max_body_size nonsense;")
    drifting.ssh("echo x > /etc/cron.d/evil")
    told = ask(drifting, "--apply")
    assert told.returncode == 1
    assert "Nothing was changed: what is declared would not work here." in told.stdout
    assert '"client_max_body_size" directive invalid value' in told.stdout
    assert "8m" in drifting.ssh(f"cat {SITE}").stdout
    assert drifting.ssh("cat /etc/cron.d/evil").stdout == "x\n"
    drifting.ssh("rm /etc/cron.d/evil")


def test_a_repair_after_which_the_site_does_not_answer_is_undone(drifting, declaring):
    declaring("include studium/application.conf;", "return 503;")
    told = ask(drifting, "--apply")
    assert told.returncode == 1
    assert "The repair did not hold, so everything is as it was before." in told.stdout
    assert "the site answered before, and does not with what is declared" in told.stdout
    assert f"put back  {SITE}" in told.stdout
    assert fleet.ask(drifting, "/health/").status == 200
    row = json.loads(drifting.ssh("tail -n1 /srv/studium/ledger.jsonl").stdout)
    assert (row["kind"], row["outcome"]) == ("host", "undone")


# --- interruptions --------------------------------------------------------------------------------
BUSY = f"""sed -i s/8m/9m/ {SITE}; echo x > /etc/cron.d/evil
    (runuser -u deploy -- studium-drift ask --apply > /dev/null 2>&1 &)
    while [ ! -e {HOME}/unfinished ]; do sleep 0.01; done"""


def test_a_repair_that_is_killed_leaves_nothing_half_done(drifting):
    drifting.ssh(f"{BUSY}; systemctl kill -s KILL 'studium-drift-apply@*'")
    _wait_for(drifting, lambda: drifting.ssh(f"test -e {HOME}/unfinished", check=False).returncode)
    assert "9m" in drifting.ssh(f"cat {SITE}").stdout
    assert drifting.ssh("cat /etc/cron.d/evil").stdout == "x\n"
    assert fleet.ask(drifting, "/health/").status == 200
    assert ask(drifting, "--apply").returncode == 0
    assert ask(drifting).stdout == CLEAN


def test_a_power_cut_in_a_repair_is_undone_before_anything_starts(drifting):
    drifting.ssh(BUSY)
    drifting.cut_power()
    drifting.start()
    drifting.wait()
    _wait_for(drifting, lambda: fleet.ask(drifting, "/health/", check=False).status == 200)
    assert drifting.ssh(f"test -e {HOME}/unfinished", check=False).returncode
    content, cron = drifting.ssh(f"cat {SITE}").stdout, drifting.ssh("ls /etc/cron.d").stdout
    assert ("9m" in content, "evil" in cron) in {(True, True), (False, False)}
    ask(drifting, "--apply")
    assert ask(drifting).stdout == CLEAN


def test_after_a_reboot_nothing_differs(drifting):
    drifting.ssh("systemctl reboot", check=False)
    time.sleep(2)
    drifting.wait()
    _wait_for(drifting, lambda: ask(drifting).stdout == CLEAN)


def _wait_for(host, is_so, limit_s=40):
    end = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end, host.console()
        time.sleep(0.5)


# --- who sees what --------------------------------------------------------------------------------
def test_the_clock_tells_the_site_and_the_ledger_once(drifting):
    drifting.ssh("echo x > /etc/cron.d/evil; systemctl start studium-drift; "
                 "systemctl start studium-drift; sleep 1")  # fmt: skip
    check = fleet.ask(drifting, "/health/ready/").json()["checks"]["drift"]
    assert check["ok"] is False
    assert "/etc/cron.d/evil" in check["detail"]
    lines = drifting.ssh("tail -n2 /srv/studium/ledger.jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row.get("outcome") for row in rows if row["kind"] == "host"][-1] == "differs"
    assert [row["findings"] == rows[-1]["findings"] for row in rows if "findings" in row] != [
        True,
        True,
    ]
    ask(drifting, "--apply")
    assert fleet.ask(drifting, "/health/ready/").json()["checks"]["drift"]["ok"]


def test_a_secret_is_never_shown(drifting):
    drifting.ssh(f"""echo 'EMAIL_URL=smtp://ann:{SENTINEL}@mail' >> /srv/studium/secrets.env
        echo '# {SENTINEL}' >> /etc/postgresql/15/main/pg_hba.conf
        echo '# smtp://ann:{SENTINEL}@mail password {SENTINEL}' >> {SITE}
        echo '{SENTINEL}' > /etc/cron.d/evil; systemctl start studium-drift; sleep 1""")
    try:
        told = "".join(ask(drifting, flag).stdout for flag in ("", "--json", "--apply"))
        assert "pg_hba.conf: its content differs" in told
        seen = drifting.ssh(f"cat {HOME}/state.json /srv/studium/ledger.jsonl; "
                            "journalctl --no-pager -u 'studium-drift*'").stdout  # fmt: skip
        assert SENTINEL not in told + seen
    finally:
        drifting.ssh("sed -i /^EMAIL_URL/d /srv/studium/secrets.env")


@pytest.mark.parametrize("user", ["studium", "www-data", "studium-backup"])
def test_only_deploy_may_ask_root(drifting, user):
    done = drifting.ssh(f"runuser -u {user} -- studium-drift ask --apply", check=False)
    assert done.returncode == 2
    assert "Permission denied" in done.stderr


def test_what_is_kept_is_read_by_root_alone(drifting):
    for user in ("deploy", "studium"):
        line = f"runuser -u {user} -- cat {HOME}/store/index.json"
        assert "Permission denied" in drifting.ssh(line, check=False).stderr


# --- nothing is forgotten -------------------------------------------------------------------------
WATCHED = ("etc", "usr/local", "srv", "opt/studium")
# Made on the host by a command or by Debian, and why it is not a role's file.
MADE = (
    "etc/alternatives/", "etc/ssl/certs/", "etc/rc", "etc/runit/",  # by packages
    "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/subuid", "etc/subgid",  # users
    "etc/ld.so.cache", "etc/locale.gen", "etc/networks", "etc/.pwd.lock", "etc/machine-id",
    "etc/apt/", "etc/udev/", "etc/fuse.conf", "etc/ssh/ssh_host_", "etc/hostname", "etc/hosts",
    "etc/ssl/private/ssl-cert-snakeoil.key", "etc/postgresql/15/main/", "etc/postgresql-common/",
    "etc/python3/",
    "srv/studium/goods/",  # a tree: its checksums are verified whenever it is used
    "srv/studium/repository.git/HEAD", "srv/studium/repository.git/objects/",
    "srv/studium/repository.git/refs/", "srv/studium/logs/", "srv/studium/deploy.lock",
    "opt/studium/uwsgi/",  # by pip, which verifies the hashes of its lock file
)  # fmt: skip


def test_every_file_that_a_role_brings_to_a_host_is_declared(drifting):
    """What the playbook left on the disk, less what packages brought, is what is declared."""
    layer = fleet.baked()
    declared = json.loads((layer / HOME.strip("/") / "declaration.json").read_text())["files"]
    brought = _of_packages(layer)
    files = [file for folder in WATCHED for file in (layer / folder).rglob("*") if file.is_file()]
    names = [str(file.relative_to(layer)) for file in files if not file.is_symlink()]
    assert len(names) > 100
    left = [name for name in names
            if f"/{name}" not in declared and f"/{name}" not in brought
            and not name.startswith(MADE)]  # fmt: skip
    assert left == []
    assert len([path for path, facts in declared.items() if facts.get("sha1")]) > 60


def _of_packages(layer):
    lists = [*_lists(layer), *_lists(image.tree())]
    return {line for file in lists for line in file.read_text().splitlines()}


def _lists(root):
    return Path(root, "var/lib/dpkg/info").glob("*.list")
