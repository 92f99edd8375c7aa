"""Ask each program about the files as they will be, before one of them is in place."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from drift.machine import Machine

NGINX = "/etc/nginx/"
LISTENS = re.compile(rb"(?m)^(\s*listen\s+(?:\S*:)?)(\d{2,4})\b")
FIREWALL = ("/etc/nftables.conf", "/etc/studium/networks.nft")
UNITS = "/etc/systemd/system/"


@dataclass(frozen=True)
class Coming:
    """The contents that will be put in place, and the paths that will be gone."""

    contents: Mapping[str, bytes]
    gone: frozenset[str]

    def below(self, head: str) -> dict[str, bytes]:
        return {path: content for path, content in self.contents.items() if path.startswith(head)}

    def touches(self, head: str) -> bool:
        return bool(self.below(head)) or any(path.startswith(head) for path in self.gone)


Checker = Callable[[Machine, Coming, Path], Iterator[str]]


def faults(machine: Machine, coming: Coming) -> list[str]:
    """Return what programs say against the files that would be installed."""
    checkers: tuple[Checker, ...] = (nginx, sudoers, sshd, units, firewall)
    found: list[str] = []
    for checker in checkers:
        with tempfile.TemporaryDirectory(prefix="studium-drift-") as box:
            found += checker(machine, coming, Path(box))
    return found


def nginx(machine: Machine, coming: Coming, box: Path) -> Iterator[str]:
    """Test the whole tree of nginx as it will be, at another place."""
    if not coming.touches(NGINX):
        return
    contents = {path: machine.read(path) for path, seen in machine.below(NGINX)
                if seen.kind == "file" and path not in coming.gone}  # fmt: skip
    for path, content in {**contents, **coming.below(NGINX)}.items():
        moved = content.replace(NGINX.encode(), f"{box}/".encode())
        moved = re.sub(rb"(?m)^\s*pid\s[^;]*;", f"pid {box}/nginx.pid;".encode(), moved)
        moved = LISTENS.sub(_elsewhere, moved)
        _write(box / path.removeprefix(NGINX), moved)
    for path, seen in machine.below(NGINX):
        if seen.kind == "link" and path not in coming.gone and not seen.target.startswith(NGINX):
            place = box / path.removeprefix(NGINX)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(seen.target)
    yield from _asked(machine, "nginx", "nginx", "-t", "-q", "-c", str(box / "nginx.conf"), box=box)


def _elsewhere(listen: re.Match[bytes]) -> bytes:
    """Let the test listen at a port that nobody has and that needs no right."""
    return listen[1] + str(int(listen[2]) % 10000 + 20000).encode()


def sudoers(machine: Machine, coming: Coming, box: Path) -> Iterator[str]:
    for path, content in coming.below("/etc/sudoers").items():
        file = _write(box / Path(path).name, content)
        yield from _asked(machine, path, "visudo", "-c", "-q", "-f", str(file))


def sshd(machine: Machine, coming: Coming, box: Path) -> Iterator[str]:
    for path, content in coming.below("/etc/ssh/sshd_config").items():
        file = _write(box / Path(path).name, content)
        yield from _asked(machine, path, "sshd", "-t", "-f", str(file))


def units(machine: Machine, coming: Coming, box: Path) -> Iterator[str]:
    for path, content in coming.below(UNITS).items():
        name = path.removeprefix(UNITS)
        if "/" not in name:
            file = _write(box / name, content)
            words = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(file))
            yield from _asked(machine, path, *words)


def firewall(machine: Machine, coming: Coming, box: Path) -> Iterator[str]:
    if not any(coming.touches(path) for path in FIREWALL):
        return
    for path in FIREWALL:
        content = coming.contents.get(path) or machine.text(path).encode()
        moved = content.replace(FIREWALL[1].encode(), f"{box}/networks.nft".encode())
        _write(box / Path(path).name, moved)
    yield from _asked(machine, "nft", "nft", "--check", "--file", str(box / "nftables.conf"))


def _write(file: Path, content: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def _asked(machine: Machine, what: str, *words: str, box: Path | None = None) -> Iterator[str]:
    done = machine.run(*words)
    if done.code:
        said = done.said.replace(f"{box}/", NGINX) if box else done.said
        yield f"{what} refuses what is declared: {said}"
