"""Write down what the roles declare, while they bring it about.

Each result of a task that installs a file, makes a folder or a user, or starts a unit is remembered
per host: path, owner, group, mode and the checksum of the content. At the end the role `drift` lays
it on the host. So a role cannot forget to declare what it installs. Of a task with `no_log` nothing
is known here, and nothing is written.
"""

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: declaration
type: aggregate
short_description: Writes down what the roles declare, for the check for drift
description:
  - Remembers each installed file, folder, user, package and unit of a whole run, per host.
"""

Words = Mapping[str, Any]
PARTIAL = ("tags", "skip_tags", "start_at_task", "step")
KINDS = {"directory": "folder", "file": "file", "absent": "absent", "link": "link"}
MODULES = {"copy", "template", "file", "apt", "user", "group", "systemd_service"}
PACKER = "reach/pack.py"  # brings whole folders: argv is PYTHON PACKER ARCHIVE FROM TO NAME…
LARGE = 4_000_000  # bytes; packages are verified by their checksums whenever they are used


def empty() -> dict[str, Any]:
    return {"format": 1, "files": {}, "units": {}, "packages": [], "users": {}, "groups": []}


def add(declared: dict[str, Any], module: str, result: Words) -> None:
    """Add what one result says; a censored one has no arguments and says nothing."""
    words = result.get("invocation", {}).get("module_args") or {}
    match module:
        case "copy" | "template" | "file":
            _add_file(declared["files"], words, result)
        case "systemd_service" if words:
            _add_unit(declared["units"], words)
        case "apt" if words.get("state") in {"present", "latest"}:
            named = words.get("name") or words.get("package") or []
            declared["packages"] = sorted({*declared["packages"], *named})
        case "user" if words.get("state") == "present":
            kept = ("group", "groups", "home", "shell")
            declared["users"][words["name"]] = {name: words.get(name) for name in kept}
        case "group" if words.get("state") == "present":
            declared["groups"] = sorted({*declared["groups"], words["name"]})


def _add_file(files: dict[str, Any], words: Words, result: Words) -> None:
    path = words.get("path") or words.get("dest") or result.get("dest")
    if not path:
        return
    if not words:  # a whole folder was copied, or a file that is only made when it is missing
        if str(path).endswith("/"):
            files[path.rstrip("/")] = {"kind": "tree"}
        return
    content = result.get("checksum")
    state = "file" if content else words.get("state") or result.get("state")
    if state not in KINDS:
        return
    facts = {"kind": KINDS[state], **{name: words.get(name) for name in ("owner", "group", "mode")}}
    facts |= {"sha1": content} if content else {}
    facts |= {"target": words["src"]} if state == "link" else {}
    known = files.get(path.rstrip("/"), {}) if state == "file" else {}
    files[path.rstrip("/")] = known | facts


def add_mirrored(files: dict[str, Any], argv: Sequence[str]) -> None:
    """Add the files of folders that come as one archive; they belong to root."""
    source, target = Path(argv[3]), argv[4].rstrip("/")
    for name in argv[5:]:
        place = source / name
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        ours = [file for file in found if file.is_file() and "__pycache__" not in file.parts]
        if sum(file.stat().st_size for file in ours) > LARGE:
            files[f"{target}/{name}"] = {"kind": "tree"}
            continue
        for file in ours:
            content = hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
            mode = "0755" if file.stat().st_mode & 0o100 else "0644"
            facts = {"kind": "file", "owner": "root", "group": "root", "mode": mode}
            files[f"{target}/{file.relative_to(source)}"] = facts | {"sha1": content}


def _add_unit(units: dict[str, Any], words: Words) -> None:
    if not words.get("name"):
        return
    name = words["name"] if "." in words["name"] else f"{words['name']}.service"
    facts = units.setdefault(name, {})
    if words.get("enabled") is not None:
        facts["enabled"] = words["enabled"]
    if words.get("state") in {"started", "stopped"}:
        facts["active"] = words["state"] == "started"
    if not facts:
        del units[name]


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible declares no types
    """Collects in the main process; the role's lookup finds the folder by the environment."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "declaration"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.folder = Path(tempfile.mkdtemp(prefix="studium-declared-"))
        atexit.register(_remove, self.folder, os.getpid())
        self.hosts: dict[str, dict[str, Any]] = {}
        os.environ["STUDIUM_DECLARED"] = str(self.folder)
        os.environ["STUDIUM_DECLARED_PART"] = "part" if _is_partial() else ""

    def v2_runner_on_ok(self, result: Any) -> None:
        module = str(result.task.action).rpartition(".")[2]
        host = result.host.get_name()
        declared = self.hosts.setdefault(host, empty())
        argv = _argv(result.result) if module == "command" else []
        if argv[1:2] and str(argv[1]).endswith(PACKER):
            add_mirrored(declared["files"], argv)
        elif module in MODULES and not result.task.delegate_to:
            for part in _parts(result.task, result.result):
                add(declared, module, part)
        text = json.dumps(declared, indent=1, sort_keys=True) + "\n"
        (self.folder / f"{host}.json").write_text(text)


def _argv(result: Words) -> list[str]:
    words = result.get("invocation", {}).get("module_args") or {}
    return list(words.get("argv") or ())


def _parts(task: Any, result: Words) -> Iterator[Words]:
    """Return the result, or those of each turn of a loop."""
    parts = result.get("results") if task.loop is not None else None
    for part in parts if isinstance(parts, list) else [result]:
        if not part.get("skipped") and not part.get("failed"):
            yield part


def _is_partial() -> bool:
    """Say whether some tasks are left out: what they declared before stays declared."""
    given = context.CLIARGS
    tags = [tag for tag in given.get("tags") or () if tag != "all"]
    return bool(tags) or any(given.get(name) for name in PARTIAL[1:])


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a fork ends too, and leaves it
        shutil.rmtree(folder, ignore_errors=True)
