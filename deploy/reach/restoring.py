"""Bring a backup back: from the host that keeps copies to one that Ansible has prepared."""

from dataclasses import dataclass
from pathlib import Path

from reach import roots
from reach.roots import PROGRAM, Root, show


@dataclass(frozen=True)
class Wish:
    """What shall be restored where."""

    site: str
    source: Root
    target: Root
    set: str = ""
    key: Path | None = None
    replace: bool = False
    rehearse: bool = False

    @property
    def flags(self) -> list[str]:
        wanted = {"--replace": self.replace, "--rehearse": self.rehearse}
        given = [flag for flag, is_wanted in wanted.items() if is_wanted]
        return [*given, *(["--key", "-"] if self.key else [])]


def restore(wish: Wish, *, dry_run: bool) -> None:
    """Say what would happen; then, unless it is a dry run, let it happen."""
    chosen = wish.set or newest(wish)
    manifest = wish.source.answer("studium-store", "manifest", wish.site, chosen)
    show(f"{chosen} of {wish.site}, from {wish.source.host}; {wish.target.host}")
    wish.target.do(PROGRAM, "plan", *wish.flags, given=manifest.encode())
    if dry_run:
        show("Nothing was changed.")
        return
    carry(wish, chosen)
    content = wish.key.read_bytes() if wish.key else b""
    wish.target.do(PROGRAM, "restore", chosen, *wish.flags, given=content)
    wish.target.do(PROGRAM, "forget")


def newest(wish: Wish) -> str:
    return wish.source.answer("studium-store", "newest", wish.site).strip()


def carry(wish: Wish, chosen: str) -> None:
    """Bring the set over, without the uploads that an earlier try has brought."""
    present = wish.target.answer(PROGRAM, "have")
    sending = ["studium-store", "send", wish.site, chosen]
    roots.stream(wish.source, sending, wish.target, [PROGRAM, "receive"], present)
    show(f"{chosen} has arrived, and its checksums are right")
