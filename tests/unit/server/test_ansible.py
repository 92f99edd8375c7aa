"""What the roles promise, read from their files."""

import json
import re
import tomllib
from pathlib import Path

import jinja2
import pytest
import yaml

from backup import facts as backup_facts
from backup import pulling
from backup.retention import Thinning
from pipeline import site as sites

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE, SERVER = ROOT / "ansible", ROOT / "deploy" / "server"
STORE = ROOT / "deploy" / "store"
SITES = ("staging", "production")
TASKS = sorted(ANSIBLE.glob("roles/*/tasks/*.yml"))
FILE_MODULES = {"copy", "template", "file"}
OF_ROOT = {  # they read, and put in place, what only root may
    "studium-drift.service",
    "studium-drift-check@.service",
    "studium-drift-apply@.service",
    "studium-drift-undo.service",
    "studium-certificate-install.service",
}
KEYS = [
    {"name": "ann", "key": "ssh-ed25519 AAAA ann@lab"},
    {"name": "eve", "key": "ssh-ed25519 BBBB eve@lab", "may": ["maintenance"]},
    {"name": "auditor", "key": "ssh-ed25519 CCCC", "may": []},
]


ALONE = {
    "host_role": "main",
    "site_applications": [],
    "site_others": [],
    "site_brokers": [],
    "inventory_hostname": "a",
}
HOSTS = {
    name: {
        "host_short": name,
        "host_address": f"10.0.0.{number}",
        "host_in_url": f"10.0.0.{number}",
        "neighbours_identity": f"ssh-ed25519 {name}",
        "neighbours_host_key": f"ssh-ed25519 host-{name}",
    }
    for number, name in enumerate(("a", "b", "w", "q"), start=11)
}
TOGETHER = {
    "hostvars": HOSTS,
    "site_main": "a",
    "site_applications": ["b"],
    "site_workers": ["w"],
    "site_others": ["b", "w"],
    "site_brokers": ["q"],
}


def facts(name, group="studium"):
    given = yaml.safe_load((ANSIBLE / f"inventories/{name}/group_vars/{group}.yml").read_text())
    return given | ALONE


def as_host(name, role):
    """Return what Ansible knows on one host of a site of several."""
    return facts("staging") | TOGETHER | {"inventory_hostname": name, "host_role": role}


def tasks():
    for file in [*TASKS, *ANSIBLE.glob("roles/*/handlers/*.yml")]:
        for task in yaml.safe_load(file.read_text()):
            module = next(key for key in task if key.startswith("ansible.builtin."))
            yield file, task, module.rpartition(".")[2], task[module]


def rendered(role, name, **given):
    folder = ANSIBLE / "roles" / role / "templates"
    loader = jinja2.FileSystemLoader(folder)
    world = jinja2.Environment(  # noqa: S701  these are no pages
        loader=loader,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    world.filters["to_json"] = json.dumps
    world.tests["search"] = lambda text, pattern: re.search(pattern, text)
    return world.get_template(name).render(**given)


def test_both_inventories_know_the_same_facts():
    for group in ("studium", "backup"):
        assert set(facts("staging", group)) == set(facts("production", group))


def test_every_module_is_a_builtin_one_and_every_task_says_what_it_brings():
    for file, task, *_ in tasks():
        assert task.get("name"), file
        named = [key for key in task if "." in key]
        assert [key for key in named if not key.startswith("ansible.builtin.")] == []


def test_every_file_has_an_owner_a_group_and_a_mode():
    found = [task for task in tasks() if task[2] in FILE_MODULES and _stays(task[3])]
    assert len(found) > 20
    for _, task, _, words in found:
        assert {"owner", "group", "mode"} <= set(words), task["name"]


def _stays(words):
    return words.get("state") != "absent"


def test_the_list_for_a_mirror_names_what_the_roles_install():
    wanted = {name for _, _, module, words in tasks() if module == "apt" for name in words["name"]}
    lines = (ANSIBLE / "packages.txt").read_text().splitlines()
    listed = {line.partition("#")[0].strip() for line in lines} - {"", "python3-apt"}
    assert wanted == listed


def test_every_file_of_a_server_is_put_there_by_a_role():
    text = "\n".join(file.read_text() for file in ANSIBLE.glob("roles/*/*/*.yml"))
    for tree in (SERVER, STORE):
        for file in (one for one in tree.rglob("*") if one.is_file()):
            place = str(file.relative_to(tree))
            assert place in text or file.name in text, place


@pytest.mark.parametrize("name", SITES)
def test_the_facts_that_ansible_writes_are_facts_that_the_pipeline_takes(name, tmp_path):
    for goods in ("", "/srv/goods"):
        text = rendered("app", "site.toml.j2", **facts(name) | {"site_goods": goods})
        (tmp_path / "site.toml").write_text(text)
        site = sites.load(tmp_path / "site.toml")
        assert (site.name, site.branch, str(site.run)) == (name, name, "/run/studium")
        assert bool(site.facts["build"]["wheels"]) == bool(goods)
        assert tomllib.loads(text)["web"]["socket_owner"] == "studium:www-data"


@pytest.mark.parametrize("name", SITES)
def test_a_key_reaches_the_gate_under_its_owners_name(name):
    rights = yaml.safe_load((ANSIBLE / "roles/app/vars/main.yml").read_text())["app_rights"]
    given = facts(name) | {"deploy_keys": KEYS, "app_rights": rights}
    text = rendered("app", "authorized_keys.j2", **given)
    keys = [line for line in text.splitlines() if line and not line.startswith("#")]
    gate = 'restrict,command="/usr/local/bin/studium-gate'
    assert keys == [
        f'{gate} ann push rollback maintenance" ssh-ed25519 AAAA ann@lab',
        f'{gate} eve maintenance" ssh-ed25519 BBBB eve@lab',
        f'{gate} auditor" ssh-ed25519 CCCC',
    ]


@pytest.mark.parametrize("name", SITES)
def test_the_other_templates_want_nothing_that_no_inventory_has(name):
    for one in ("studium-host", "studium-profile", "studium-networks"):
        assert rendered("nginx", f"{one}.conf.j2", **facts(name))
    assert "define ssh_networks = {" in rendered("base", "networks.nft.j2", **facts(name))


@pytest.mark.parametrize("name", SITES)
def test_the_facts_of_a_backup_are_facts_that_its_program_takes(name, tmp_path):
    given = facts(name) | {"backup_recipient": "age1x", "backup_copies": ["store.example.org"]}
    (tmp_path / "backup.toml").write_text(rendered("backup", "backup.toml.j2", **given))
    taken = backup_facts.load(tmp_path / "backup.toml")
    assert (taken.recipient, taken.keep_days) == ("age1x", 30)
    assert taken.copies == ("store.example.org",)


@pytest.mark.parametrize("name", SITES)
def test_the_facts_of_copies_are_facts_that_their_program_takes(name, tmp_path, monkeypatch):
    given = facts(name, "backup") | {"store_address": "10.0.0.1"}
    (tmp_path / f"{name}.toml").write_text(rendered("store", "site.toml.j2", **given))
    monkeypatch.setattr(pulling, "SETTINGS", tmp_path)
    taken = pulling.source(name)
    assert (taken.host, taken.stale_h, taken.takes_plain) == ("10.0.0.1", 36, False)
    assert taken.keep == Thinning(days=14, weeks=8, months=12)


@pytest.mark.parametrize("name", SITES)
def test_a_host_that_keeps_copies_serves_no_site(name):
    text = rendered("base", "networks.nft.j2", **facts(name, "backup"))
    assert "define site_networks = { 127.0.0.1/32 }" in text


EXCEPTIONS = [
    {"network": "203.0.113.7", "why": "Ann's office"},
    {"network": "2001:db8::/64", "why": "the hospital"},
]


def test_the_firewall_and_nginx_let_the_same_networks_in():
    given = facts("staging") | {"site_exceptions": EXCEPTIONS}
    allowed = re.findall(
        r"(?m)^allow (\S+);", rendered("nginx", "studium-networks.conf.j2", **given)
    )
    rules = rendered("base", "networks.nft.j2", **given)
    defined = [
        network
        for name in ("site_networks", "site_networks6")
        for network in re.search(rf"define {name} = {{ (.*) }}", rules)[1].split(", ")
    ]
    assert sorted(allowed) == sorted([*defined, "127.0.0.1", "::1"])
    assert "Ann's office" in rules


def test_a_site_of_plain_http_says_so_in_its_address_and_serves_no_other():
    given = facts("staging") | {"site_profile": "lan"}
    assert 'url = "http://staging.example.org"' in rendered("app", "site.toml.j2", **given)
    assert "include studium/lan.conf;" in rendered("nginx", "studium-profile.conf.j2", **given)
    rules = (SERVER / "etc/nginx/studium/lan.conf").read_text()
    assert "443" not in rules
    assert "return 301" not in rules


@pytest.mark.parametrize(("name", "role"), [("a", "main"), ("b", "application"), ("w", "worker")])
def test_the_hosts_of_a_site_know_each_other(name, role, tmp_path):
    text = rendered("app", "site.toml.j2", **as_host(name, role))
    (tmp_path / "site.toml").write_text(text)
    site = sites.load(tmp_path / "site.toml")
    assert site.role == role
    if role == "main":
        assert [(one.name, one.login, one.role) for one in site.others] == [
            ("b", "deploy@10.0.0.12", "application"),
            ("w", "deploy@10.0.0.13", "worker"),
        ]
    else:
        assert site.main_host.login == "deploy@10.0.0.11"


def test_a_further_host_takes_releases_from_the_main_one_alone():
    given = as_host("b", "application") | {"deploy_keys": KEYS, "app_rights": ["push"]}
    keys = rendered("app", "authorized_keys.j2", **given).splitlines()[1:]
    gate = 'command="/usr/local/bin/studium-gate main@staging push"'
    assert keys == [f'restrict,from="10.0.0.11",{gate} ssh-ed25519 a']


def test_a_further_host_may_only_ask_the_main_one():
    given = as_host("a", "main") | {"deploy_keys": [], "app_rights": ["push"]}
    keys = rendered("app", "authorized_keys.j2", **given).splitlines()[1:]
    gate = "/usr/local/bin/studium-gate"
    assert keys == [
        f'restrict,from="10.0.0.12",command="{gate} b@staging" ssh-ed25519 b',
        f'restrict,from="10.0.0.13",command="{gate} w@staging" ssh-ed25519 w',
    ]


@pytest.mark.parametrize(
    ("name", "role", "allowed"),
    [
        ("a", "main", ["10.0.0.12 22, 5432", "10.0.0.13 22, 5432"]),
        ("b", "application", ["10.0.0.11 22, 8443"]),
        ("w", "worker", ["10.0.0.11 22"]),
        ("q", "broker", ["10.0.0.11 5671", "10.0.0.12 5671", "10.0.0.13 5671"]),
    ],
)
def test_a_host_lets_its_neighbours_reach_only_what_they_need(name, role, allowed):
    text = rendered("base", "neighbours.nft.j2", **as_host(name, role))
    rule = r"add rule inet studium input ip saddr ([0-9.]+) tcp dport \{ ([0-9, ]+) \} accept"
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [" ".join(re.fullmatch(rule, line).groups()) for line in lines] == allowed


def test_each_host_signs_in_to_the_database_by_its_own_certificate_from_its_own_address():
    lines = rendered("postgres", "studium-hosts.hba.j2", **as_host("a", "main")).splitlines()
    remote = [line.split() for line in lines if line.startswith("host")]
    assert remote == [
        ["hostssl", "studium", "studium", f"10.0.0.{number}/32", "cert", "map=hosts"]
        for number in (12, 13)
    ]
    names = rendered("postgres", "studium-hosts.ident.j2", **as_host("a", "main")).splitlines()[1:]
    assert [line.split() for line in names] == [
        ["hosts", "b", "studium"],
        ["hosts", "w", "studium"],
    ]


def test_the_front_knows_every_host_that_answers():
    text = rendered("nginx", "http.conf.j2", **as_host("a", "main"))
    hosts = re.search(r"upstream studium_hosts \{(.*?)\n\}", text, re.DOTALL)[1]
    assert re.findall(r"server (\S+) ", hosts) == ["127.0.0.1:8443", "10.0.0.12:8443"]


def test_the_repository_is_as_careful_as_on_a_laptop():
    from laptop.sites import RECEIVE  # noqa: PLC0415  only this test compares the two

    text = (SERVER / "srv/studium/repository.git/config").read_text()
    for key, value in RECEIVE.items():
        section, name = key.split(".")
        block = re.search(rf"\[{section}\]\n((?:\t.*\n)*)", text)[1]
        assert f"\t{name} = {value}\n" in block


def test_each_unit_names_its_user_and_gives_up_every_capability():
    trees = (SERVER, STORE)
    units = [one for tree in trees for one in (tree / "etc/systemd/system").glob("*.service")]
    assert len(units) >= 7
    for unit in units:
        text = unit.read_text()
        if unit.name == "studium-files.service":  # it asks systemd, and can do nothing itself
            assert "\nUser=root\n" in text
            assert "\nCapabilityBoundingSet=\n" in text
        elif unit.name not in OF_ROOT:
            names = "studium|deploy|studium-backup|studium-store|studium-acme"
            assert re.search(rf"(?m)^(User=({names})|DynamicUser=yes)$", text), unit.name
            assert "\nCapabilityBoundingSet=\n" in text
        assert "\nNoNewPrivileges=yes\n" in text
        assert "CAP_SYS_ADMIN" not in text


def test_who_asks_root_sends_it_nothing():
    for name, words in (("check", "check --json"), ("apply", "apply --json --asked")):
        unit = (SERVER / f"etc/systemd/system/studium-drift-{name}@.service").read_text()
        assert f"\nExecStart=/usr/local/bin/studium-drift {words}\n" in unit
        assert "StandardInput" not in unit
        assert "%" not in unit
