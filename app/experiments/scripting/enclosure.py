"""What keeps a lab's function to itself: all that Linux lets a process do to itself, no service.

The warm process gives up what no function needs; each call gives up more, down to a folder of its
own. A layer that the kernel does not have is left out, and `manage.py check --deploy` says so.
"""

import contextlib
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from experiments.scripting import kernel, landlock, seccomp, watching

SOURCE = str(Path(__file__).resolve().parents[2])
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/localtime",
          "/etc/timezone", "/etc/mime.types", "/proc/cpuinfo", "/proc/meminfo",
          "/sys/devices/system/cpu", "/dev/null", "/dev/zero", "/dev/urandom",
          "/dev/random")  # fmt: skip
DEVICES = ("/dev/null",)
MOST_PROCESSES = 64
MOST_FILES = 256
LARGEST_FILE = 2 * 2**20


def enclose(*, code: str, scratch: str, folders: Iterable[str]) -> set[str]:
    """Let a warm process give up what no function needs; return the layers that hold."""
    shared = [scratch, *folders]
    reads = [*SYSTEM, code, *_of_python()]
    held = {"namespaces"} if _done(kernel.part_namespaces) else set()
    if not _done(kernel.give_up_privileges):
        return held
    if _done(lambda: landlock.keep_to(reads=reads, writes=[*shared, *DEVICES])):
        held.add("landlock")
    refused = [seccomp.NETWORK, seccomp.OTHERS, seccomp.SYSTEM]
    return held | ({"seccomp"} if _done(lambda: seccomp.refuse(refused)) else set())


def _of_python() -> list[str]:
    """Return where modules come from; the site's own source is not among it."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path} - {"", "/", SOURCE}
    return sorted(place for place in places if not SOURCE.startswith(f"{place}/"))


def _done(what: Callable[[], None]) -> bool:
    try:
        what()
    except OSError:
        return False
    return True


def confine(*, held: set[str], scratch: str, folders: Iterable[str], size: int) -> None:
    """Let a single call give up all but its own folder; ``size`` is what it may take of memory."""
    Path(scratch).mkdir(mode=0o700)
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    _limit(held, size)
    writes = [scratch, *folders, *DEVICES]
    if "landlock" in held:
        _done(lambda: landlock.keep_to(writes=writes, only_writes=True))
    if "seccomp" in held:
        is_scoped = landlock.version() >= landlock.WITH_SIGNALS and "landlock" in held
        more = [seccomp.OWN_GROUP] if is_scoped else [seccomp.OWN_GROUP, seccomp.SIGNALS]
        _done(lambda: seccomp.refuse(more))
    watching.watch(writes=writes)


def _limit(held: set[str], size: int) -> None:
    limits = {resource.RLIMIT_FSIZE: LARGEST_FILE, resource.RLIMIT_CORE: 0,
              resource.RLIMIT_NOFILE: MOST_FILES, resource.RLIMIT_AS: size}  # fmt: skip
    if "namespaces" in held:  # elsewhere all processes of the site's user count
        limits[resource.RLIMIT_NPROC] = MOST_PROCESSES
    for what, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a lower one is there already
            resource.setrlimit(what, (most, most))


def close_files(*, but: Iterable[int]) -> None:
    """Close what the warm process has open, the replies of other calls among it."""
    kept = sorted(but)
    for before, after in zip([2, *kept], [*kept, os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(before + 1, after)


def offered() -> dict[str, str]:
    """Return what this kernel has to offer to this user: the layer, and what it keeps."""
    found = {}
    if landlock.version():
        found["landlock"] = f"files (Landlock, version {landlock.version()})"
    if seccomp.is_offered():
        found["seccomp"] = "the network and calls of the system (seccomp)"
    if _can_part():
        found["namespaces"] = "the network and the number of processes (namespaces)"
    return found


def _can_part() -> bool:
    """Try it in a child: what it gives up it cannot have back."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _done(kernel.part_namespaces) else 1)
    return os.waitpid(child, 0)[1] == 0
