"""A PostgreSQL server of the tests' own: on a socket in a folder of its own, gone afterwards.

python tests/postgres.py COMMAND …      runs COMMAND with DATABASE_URL set to it
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "''",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
}


def programs() -> Path | None:
    """Return the folder of the newest installed server, or None."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    folders = sorted((path.parent for path in found), key=lambda path: float(path.parent.name))
    return folders[-1] if folders else None


@contextmanager
def server(above: Path = Path("/tmp"), **settings: str) -> Iterator[str]:
    """Start a server and yield its DATABASE_URL; root starts it as the user postgres."""
    binaries = programs()
    if binaries is None:
        sys.exit("PostgreSQL is not installed. Type: sudo apt-get install -y postgresql")
    folder = Path(tempfile.mkdtemp(prefix="studium-pg-", dir=above))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o755)
        _start(binaries, folder, FAST | settings)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            _run(
                binaries, folder, "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(binaries: Path, folder: Path, settings: dict[str, str]) -> None:
    flags = [
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    _run(binaries, folder, "initdb", "-D", f"{folder}/data", *flags)
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    words = ["-D", f"{folder}/data", "-l", f"{folder}/log", "-o", f"{options} -k {folder}"]
    _run(binaries, folder, "pg_ctl", *words, "-w", "start")


def _run(binaries: Path, folder: Path, program: str, *words: str) -> None:
    """PostgreSQL refuses to run as root."""
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*become, str(binaries / program), *words]
    output = folder / "output"
    with output.open("a") as file:
        result = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # Ctrl-C ends the tests first, then we end the server
        )
    if result.returncode:
        sys.exit(f"`{program}` failed:\n{output.read_text()}")


def main(command: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with server() as url:
        child = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url})
        try:
            return _wait(child)
        finally:
            child.terminate()


def _leave(number: int, _: FrameType | None) -> None:
    """Leave by the way that stops the server."""
    sys.exit(128 + number)


def _wait(child: "subprocess.Popen[bytes]") -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the command has got it too, and ends in its own way


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
