"""What was found: one difference each, in a line, with the lines that differ where all may see."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

SHOWN_LINES = 60
SECRET_LINE = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|api[-_]?key|dsn|credential)[\w-]*[\"']?\s*[=: ]\s*)\S.*"
)
ADDRESS = re.compile(r"(://[^\s/@:]*:)[^\s/@]+@")
SHORTEST = 6  # shorter values would blot out ordinary words


@dataclass(frozen=True)
class Finding:
    """One way in which the host is not as declared."""

    kind: str  # content owner mode kind missing extra unit running package person firewall
    where: str  # a path, a unit, a user
    what: str
    diff: tuple[str, ...] = ()
    remedy: str = ""  # what a person does about it; empty: `--apply` repairs it

    @property
    def line(self) -> str:
        return f"{self.where}: {self.what}"

    def text(self) -> str:
        said = [self.line, *(f"    {line}" for line in self.diff)]
        return "\n".join([*said, *([f"    by hand: {self.remedy}"] if self.remedy else [])])


@dataclass(frozen=True)
class Redaction:
    """Takes secrets out of lines that are shown: known values, and what looks like one."""

    values: tuple[str, ...] = ()

    def __call__(self, line: str) -> str:
        for value in self.values:
            line = line.replace(value, "[secret]")
        return ADDRESS.sub(r"\1[secret]@", SECRET_LINE.sub(r"\1[secret]", line))


def redaction(*secret_files: str) -> Redaction:
    """Return what takes the values of NAME=value lines out."""
    lines = (line.strip() for text in secret_files for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    values = {value.strip().strip("'\"") for _, _, value in pairs}
    return Redaction(tuple(sorted((v for v in values if len(v) >= SHORTEST), key=len)[::-1]))


def difference(declared: bytes, present: bytes, redact: Redaction) -> tuple[str, ...]:
    """Return the lines that differ, as diff says them; of what is no text nothing is shown."""
    try:
        before, after = declared.decode().splitlines(), present.decode().splitlines()
    except UnicodeDecodeError:
        return ("(no text)",)
    told = difflib.unified_diff(before, after, "declared", "on this host", n=1, lineterm="")
    lines = [redact(line) for line in told]
    rest = len(lines) - SHOWN_LINES
    return (*lines[:SHOWN_LINES], *([f"… and {rest} more lines"] if rest > 0 else []))


def report(found: Sequence[Finding]) -> str:
    """Return all findings for a person."""
    if not found:
        return "No drift: this host is as declared."
    count = "1 difference" if len(found) == 1 else f"{len(found)} differences"
    return "\n".join([f"{count} from what is declared:", "", *(each.text() for each in found)])
