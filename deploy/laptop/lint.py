"""The linters, in the order in which they are quick to answer."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from laptop.layout import Clone


def commands(clone: Clone) -> Iterator[tuple[str, ...]]:
    yield ("ruff", "check", ".")
    yield ("ruff", "format", "--check", "--quiet", ".")
    yield ("codespell",)
    if shell := scripts(clone):
        yield ("shellcheck", *shell)
    if yaml := tracked(clone, "*.yml", "*.yaml"):
        yield ("yamllint", "--strict", *yaml)
    yield ("ansible-lint", "--offline", "-q", "--profile=production", "ansible/site.yml")
    if workflows := tracked(clone, ".github/workflows/*.yml"):
        yield ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
        yield ("zizmor", "--offline", "--quiet", *workflows)
    if composed := tracked(clone, "compose.yml"):
        yield ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *composed)
    yield ("djlint", "--check", "--lint", "--quiet", "app")


def tracked(clone: Clone, *patterns: str) -> list[str]:
    command = ["git", "-C", str(clone.root), "ls-files", "-z", "--", *patterns]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [name for name in output.split("\0") if name and (clone.root / name).is_file()]


def scripts(clone: Clone) -> list[str]:
    """Return the committed shell scripts, known by their first line."""
    places = ("deploy/hooks/*", ".ci/*", "deploy/server/**", "deploy/container/*", "*.sh")
    names = tracked(clone, *places)
    return [name for name in names if _is_shell(clone.root / name)]


def _is_shell(path: Path) -> bool:
    first = path.read_bytes()[:64].split(b"\n")[0]
    return first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash"))


def run(clone: Clone, env: Mapping[str, str]) -> int:
    """Run all of them, also after a failure, and return how many failed."""
    failed = []
    for command in commands(clone):
        print("·", " ".join(command[:4]), flush=True)
        if subprocess.run(command, check=False, cwd=clone.root, env=dict(env)).returncode:
            failed.append(command[0])
    if failed:
        print(f"failed: {', '.join(failed)}")
    return len(failed)
