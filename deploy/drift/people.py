"""Users and groups: as declared, and nobody else in ours or with root's number."""

import grp
import pwd
from collections.abc import Iterator, Mapping
from typing import Any

from drift.findings import Finding
from drift.store import Declared

POWERFUL = ("sudo", "adm", "docker", "shadow", "disk")


def compare(declared: Declared) -> Iterator[Finding]:
    people = {person.pw_name: person for person in pwd.getpwall()}
    for name, wanted in declared.users.items():
        if name in people:
            yield from _person(people[name], wanted)
        else:
            yield Finding("person", name, "the user is missing", remedy="run the playbook")
    for name in sorted(set(declared.groups) - {group.gr_name for group in grp.getgrall()}):
        yield Finding("person", name, "the group is missing", remedy="run the playbook")
    yield from _strangers(declared)
    for person in people.values():
        if person.pw_uid == 0 and person.pw_name != "root":
            yield Finding("person", person.pw_name, "the user has root's number 0",
                          remedy=f"userdel {person.pw_name}")  # fmt: skip


def _person(person: pwd.struct_passwd, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    remedy = "run the playbook"
    for what, given, present in (
        ("home", wanted.get("home"), person.pw_dir),
        ("shell", wanted.get("shell"), person.pw_shell),
        ("group", wanted.get("group"), grp.getgrgid(person.pw_gid).gr_name),
    ):
        if given and given != present:
            said = f"the user's {what} is {present}, declared is {given}"
            yield Finding("person", person.pw_name, said, remedy=remedy)
    member_of = {group.gr_name for group in grp.getgrall() if person.pw_name in group.gr_mem}
    lacking = sorted(set(wanted.get("groups") or ()) - member_of)
    if lacking:
        said = f"the user is not in {', '.join(lacking)}"
        yield Finding("person", person.pw_name, said, remedy=remedy)


def _strangers(declared: Declared) -> Iterator[Finding]:
    """Yield who is in a group of ours, or in a powerful one, without being declared there."""
    members = _members(declared)
    for group in grp.getgrall():
        if group.gr_name in {*declared.groups, *POWERFUL}:
            for name in sorted(set(group.gr_mem) - members.get(group.gr_name, set())):
                yield Finding("person", name, f"is in the group {group.gr_name}, undeclared",
                              remedy=f"gpasswd --delete {name} {group.gr_name}")  # fmt: skip


def _members(declared: Declared) -> dict[str, set[str]]:
    members: dict[str, set[str]] = {}
    for name, wanted in declared.users.items():
        for group in [*(wanted.get("groups") or ()), wanted.get("group")]:
            members.setdefault(str(group), set()).add(name)
    return members
