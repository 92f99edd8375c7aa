"""Write a site's file of facts; reading and checking it is the pipeline's part."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.files import write_whole

HEAD = """\
# The facts of this site. `make configure SITE={name}` asks for them again; deploy/site.example.toml
# explains each key, and a key that does not stand here has the value that is written there.
"""


def render(facts: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in facts.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in facts.items() if isinstance(value, Mapping) and value}
    blocks = [_lines(plain)]
    blocks += [f"[{name}]\n{_lines(table)}" for name, table in tables.items()]
    return HEAD.format(name=facts["name"]) + "\n" + "\n".join(blocks)


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    """Return TOML for a string, a number, a flag or a list of strings; JSON's forms are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def write(path: Path, facts: Mapping[str, Any]) -> None:
    write_whole(path, render(facts))


def first(name: str, port: int, run: str) -> dict[str, Any]:
    """Return the facts of a new site on this machine."""
    return {
        "name": name,
        "branch": name,
        "environment": name,
        "url": f"http://127.0.0.1:{port}",
        "hosts": ["127.0.0.1", "localhost"],
        "folders": {"cache": "../cache", "run": run},
        "reach": {"remote": f"pn-{name}"},
    }
