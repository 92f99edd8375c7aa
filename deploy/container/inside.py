"""What a container runs: `studium-inside VERB`, the image's entry point."""

import subprocess
import sys
from collections.abc import Callable

from container import archive, assemble, attend, keys, place, steps, web
from pipeline.errors import PipelineError

Verb = Callable[..., int | None]


def _manage(*words: str) -> int:
    return subprocess.run([*archive.MANAGE, *words], check=False).returncode


def _put(name: str) -> None:
    keys.put(name, sys.stdin.read().rstrip("\n"))


def _take(*parts: str) -> None:
    """Read an archive from standard input and say which files came out of it."""
    for file in archive.unpack(sys.stdin.buffer, *parts):
        print(file.relative_to(place.ROOT))


VERBS: dict[str, Verb] = {
    "assemble": assemble.assemble,
    "web": web.serve,
    "worker": attend.worker,
    "cron": attend.cron,
    "healthy": steps.healthy,
    "keys": keys.make,
    "put": _put,
    "early": steps.early,
    "late": steps.late,
    "restore": steps.restore,
    "switch": lambda slot: web.switch(place.site(), slot),
    "manage": _manage,
    "pack": lambda: archive.pack(sys.stdout.buffer),
    "export": lambda: archive.export(sys.stdout.buffer),
    "take": _take,
}


def main(words: list[str]) -> int:
    try:
        return VERBS[words[0]](*words[1:]) or 0
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
