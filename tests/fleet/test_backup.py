"""Backups on real hosts: proven each night, sealed, copied by a host that the site cannot reach."""

import time
from types import SimpleNamespace

import pytest
from tests.fleet import fleet, stores
from tests.fleet.machines import Host

SENTINEL = "sentinel-of-a-participant"


@pytest.fixture(scope="module")
def kept(provisioned, first_push):
    """Staging with an encrypted backup, and the host that keeps copies of it."""
    assert first_push[1].returncode == 0, first_push[1].stdout
    store = Host("backup")
    with stores.as_before(provisioned):
        try:
            fleet.bare("backup")
            secret, recipient = stores.key_pair(provisioned)
            told = stores.provision(provisioned, store, backup_recipient=recipient)
            assert [failed for _, failed in stores.recaps(told).values()] == [0, 0], told
            again = stores.provision(provisioned, store, backup_recipient=recipient)
            assert set(stores.recaps(again).values()) == {(0, 0)}, again
            provisioned.ssh(
                "install -d -o studium -g www-data -m 2750 /srv/studium/media/lab; "
                f"echo {SENTINEL} | install -o studium -g www-data -m 640 /dev/stdin "
                "/srv/studium/media/lab/answers.csv"
            )
            yield SimpleNamespace(site=provisioned, store=store, secret=secret)
        finally:
            store.destroy()


def health(host):
    return fleet.ask(host, "/health/ready/").json()["checks"]["backup"]


def wait_for(what, limit_s=20):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.3)
    return False


def test_a_backup_is_proven_private_and_recorded(kept):
    stores.back_up(kept.site)
    newest = stores.ids(kept.site)[-1]
    told = stores.report(kept.site)
    assert (told["outcome"], told["sets"][0]["id"]) == ("proven", newest)
    assert told["sets"][0]["tables"] > 30
    modes = kept.site.ssh(f"cd {stores.SETS}/{newest}; stat -c '%U %a' . *").stdout.split("\n")
    assert set(modes) == {"studium-backup 700", "studium-backup 600", ""}
    assert wait_for(lambda: any(newest in row["reason"] for row in stores.rows(kept.site)))
    assert stores.rows(kept.site)[-1]["outcome"] == "proven"
    assert kept.site.ssh("psql -XAtc 'SELECT datname FROM pg_database' postgres"
                         " 2>/dev/null || true").stdout.count("_proof_") == 0  # fmt: skip


def test_copies_are_pulled_checked_and_told_to_the_site(kept):
    stores.back_up(kept.site)
    assert "has no recent copy" in health(kept.site)["detail"] or health(kept.site)["ok"]
    stores.pull(kept.store)
    assert stores.ids(kept.site)[-1] == stores.ids(kept.store, stores.HELD)[-1]
    assert health(kept.site)["ok"], health(kept.site)
    assert "are whole" in kept.store.ssh("studium-store check staging").stdout
    kept.store.ssh("studium-store status staging")


def test_nothing_that_can_be_read_lies_on_the_host_that_keeps_copies(kept):
    stores.back_up(kept.site)
    stores.pull(kept.store)
    key = kept.site.ssh("grep -o 'SECRET_KEY=.*' /srv/studium/secrets.env").stdout.strip()
    for secret in (SENTINEL, "0001_initial", "studium_owner", key.partition("=")[2]):
        found = kept.store.ssh(f"grep -rlF -- {secret} /var/backups/studium-store", check=False)
        assert found.stdout == "", secret
    headers = kept.store.ssh(
        "cd /var/backups/studium-store/staging; for f in sets/*/*.age objects/*/*; do "
        "head -c 21 $f; echo; done | sort -u"
    )
    assert headers.stdout.split() == ["age-encryption.org/v1"]


def test_a_file_that_was_uploaded_is_kept_once(kept):
    stores.back_up(kept.site)
    before = kept.site.ssh("ls /var/backups/studium/objects/*").stdout
    stores.back_up(kept.site)
    assert kept.site.ssh("ls /var/backups/studium/objects/*").stdout == before


def test_the_key_of_the_copies_reads_finished_sets_and_nothing_else(kept):
    call = (
        "runuser -u studium-store -- ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes "
        "-o UserKnownHostsFile=/etc/studium/store/staging/known_hosts "
        f"-i /etc/studium/store/staging/key studium-backup@{kept.site.address}"
    )
    for words in ("id", "sh -c id", "cat /etc/passwd", "scp -t /tmp", "", "'pull; id'"):
        done = kept.store.ssh(f"{call} {words} </dev/null", check=False)
        assert done.returncode == 1, words
        assert "Nothing else" in done.stderr
        assert done.stdout == ""
    answers = kept.store.ssh(
        f"printf 'file x ../../index.json\\nobject ../lock\\ndelete all\\n' | {call} pull"
    ).stdout
    assert answers.count("no This key may read") == 3
    forward = kept.store.ssh(f"{call} -N -L 9:127.0.0.1:22 -o ExitOnForwardFailure=yes "
                             "-f 2>&1; ss -Hltn sport = :9", check=False)  # fmt: skip
    assert "127.0.0.1:9" not in forward.stdout


def test_the_site_reaches_nothing_of_the_host_that_keeps_copies(kept):
    for user in ("root", "studium-store", "studium-backup"):
        done = kept.site.ssh(
            "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3 "
            f"{user}@{kept.store.address} id",
            check=False,
        )
        assert done.returncode == 255, user
    ports = kept.store.ssh("ss -Hltn | grep -v 127.0.0.1 | grep -v '\\[::1\\]'").stdout
    assert {line.split()[3].rpartition(":")[2] for line in ports.splitlines()} == {"22"}


def test_what_the_site_loses_the_other_host_still_has(kept):
    stores.back_up(kept.site)
    stores.pull(kept.store)
    held = stores.ids(kept.store, stores.HELD)
    kept.site.ssh("rm -rf /var/backups/studium/sets/* /var/backups/studium/objects/*")
    stores.pull(kept.store)
    assert stores.ids(kept.store, stores.HELD) == held
    assert f"{len(held)} of {len(held)}" in kept.store.ssh("studium-store check staging").stdout
    stores.back_up(kept.site)
    stores.pull(kept.store)


@pytest.mark.parametrize("harm", ["flipped", "cut"])
def test_a_damaged_dump_is_found_and_shown_and_degrades(kept, harm):
    stores.back_up(kept.site)
    newest = stores.ids(kept.site)[-1]
    file = f"{stores.SETS}/{newest}/database.dump.age"
    harms = {
        "flipped": f"printf X | dd of={file} bs=1 seek=4000 conv=notrunc status=none",
        "cut": f"truncate -s -1 {file}",
    }
    kept.site.ssh(f"cp {file} /root/kept; {harms[harm]}")
    try:
        time.sleep(1.1)
        said = stores.back_up(kept.site, check=False)
        assert f"DAMAGED: {newest}" in said
        assert health(kept.site) == {"ok": False, "detail": f"{newest} is damaged"}
        assert fleet.ask(kept.site, "/health/ready/").json()["status"] == "degraded"
        assert wait_for(lambda: f"damaged: {newest}" in stores.rows(kept.site)[-1]["reason"])
    finally:
        kept.site.ssh(f"cat /root/kept > {file}; systemctl reset-failed")
    stores.back_up(kept.site)
    stores.pull(kept.store)
    assert health(kept.site)["ok"]


@pytest.mark.parametrize(("size", "upload"), [("100m", "1M"), ("330m", "200M")])
def test_a_full_disk_leaves_the_former_sets_whole_and_is_told(kept, size, upload):
    """The small disk is refused at once; the larger one fills up while uploads are stored."""
    stores.back_up(kept.site)
    before = stores.ids(kept.site)
    big = "/srv/studium/media/lab/big.bin"
    kept.site.ssh(
        f"truncate -s {upload} {big}; chown studium:www-data {big}; chmod 640 {big}; "
        f"mkdir -p /run/small && mount -t tmpfs -o size={size} tmpfs /run/small && "
        "cp -a /var/backups/studium/. /run/small/ && mount --bind /run/small /var/backups/studium"
    )
    try:
        said = stores.back_up(kept.site, check=False)
        assert "no room" in said or "No space left" in said, said
        assert stores.ids(kept.site) == before
        assert stores.report(kept.site)["outcome"] == "failed"
        assert not health(kept.site)["ok"]
        kept.site.ssh("runuser -u studium-backup -- studium-backup check")
        assert kept.site.ssh("ls -A /var/backups/studium/sets").stdout.split() == before
    finally:
        kept.site.ssh(
            f"umount /var/backups/studium; umount /run/small; rm {big}; systemctl reset-failed"
        )
    stores.back_up(kept.site)
    assert health(kept.site)["ok"]


def test_old_sets_are_removed_and_the_newest_never(kept):
    stores.back_up(kept.site)
    newest = stores.ids(kept.site)[-1]
    old = "20200101T000000Z"
    kept.site.ssh(
        f"cd {stores.SETS}; cp -a {newest} {old}; cd /usr/local/lib/studium; "
        'runuser -u studium-backup -- python3 -B -c "import json, pathlib; '
        "from backup import manifests; "
        f"p = pathlib.Path('{stores.SETS}/{old}/manifest.json'); f = json.loads(p.read_text()); "
        f"f['id'] = '{old}'; p.write_text(json.dumps(manifests.signed(f)))\""
    )
    said = stores.back_up(kept.site)
    assert f"removed by age: {old}" in said
    assert newest in stores.ids(kept.site)


def test_backup_first_makes_a_dump_that_the_site_can_prove(kept, work):
    work.commit("Be careful")
    told = work.push(kept.site, "backup-first=a test of it")
    assert told.returncode == 0, told.stdout
    assert "backup:" in told.stdout
    listed = kept.site.ssh("stat -c '%U:%G %a %n' /srv/studium/backups/studium-*.dump").stdout
    assert "deploy:studium 640" in listed
    proof = kept.site.ssh(
        "runuser -u studium -- studium-pipeline manage -- check_backup", check=False
    )
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_the_units_of_the_copies_are_locked_in(kept):
    told = kept.store.ssh(
        "systemd-analyze security --no-pager studium-pull@staging.service | tail -n1"
    ).stdout
    assert float(told.partition(": ")[2].split()[0]) <= 2.5
    assert kept.store.ssh("systemctl is-active studium-pull@staging.timer").stdout == "active\n"
    assert kept.store.ssh("systemctl --failed --no-legend").stdout == ""
