"""``make logs``: the ends of the logs, and what is added to them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from laptop.errors import LaptopError
from laptop.layout import Clone, chosen
from pipeline.site import Site

LOOK_S = 0.5
FRONT = "front"


@dataclass
class Source:
    """One log file and how far it has been shown."""

    label: str
    path: Path
    shown: int = 0

    def last(self, count: int) -> list[str]:
        content = _read(self.path, 0)
        self.shown = len(content)
        return _lines(content)[-count:]

    def new(self) -> list[str]:
        """Return whole lines that came since; a file that became shorter is read from its start."""
        length = self.path.stat().st_size if self.path.exists() else 0
        self.shown = 0 if length < self.shown else self.shown
        content = _read(self.path, self.shown)
        whole = content[: content.rfind(b"\n") + 1]
        self.shown += len(whole)
        return _lines(whole)


def _read(path: Path, start: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as log:
        log.seek(start)
        return log.read()


def _lines(content: bytes) -> list[str]:
    return content.decode(errors="replace").splitlines()


def sources(clone: Clone, sites: Sequence[Site], only: str) -> list[Source]:
    """Return the logs of the sites' processes and of the front."""
    found = [
        Source(f"{site.name}/{_label(site, path)}", path) for site in sites for path in _files(site)
    ]
    found += [Source(f"front/{path.stem}", path) for path in sorted(clone.front.glob("*.log"))]
    return [source for source in found if only in source.label]


def _files(site: Site) -> list[Path]:
    return sorted(path for path in site.logs.rglob("*.log") if path.is_file())


def _label(site: Site, path: Path) -> str:
    return str(path.relative_to(site.logs).with_suffix(""))


def show(clone: Clone, *, site: str, only: str, lines: int, follow: bool) -> None:
    sites = [clone.site(chosen(site))] if site else clone.sites()
    if not sites:
        raise LaptopError("No site was built in this clone yet. Type: make up")
    known: dict[Path, Source] = {}
    for line in _ends(clone, sites, only, lines, known):
        print(line, flush=True)
    while follow:
        time.sleep(LOOK_S)
        for line in _news(clone, sites, only, known):
            print(line, flush=True)


def _ends(
    clone: Clone, sites: Sequence[Site], only: str, lines: int, known: dict[Path, Source]
) -> Iterator[str]:
    for source in sources(clone, sites, only):
        known[source.path] = source
        ends = source.last(lines)
        if ends:
            yield f"\n── {source.label} ({source.path})"
            yield from ends


def _news(
    clone: Clone, sites: Sequence[Site], only: str, known: dict[Path, Source]
) -> Iterator[str]:
    for source in sources(clone, sites, only):
        source = known.setdefault(source.path, source)  # noqa: PLW2901  the one that knows its place
        yield from (f"{source.label}  {line}" for line in source.new())
