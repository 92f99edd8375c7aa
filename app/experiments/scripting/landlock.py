"""Landlock: a process gives up all files but some folders, for ever and for its children too.

Numbers and structures are those of <linux/landlock.h>; what a kernel does not know yet is left out.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from experiments.scripting import kernel

CREATE, ADD, RESTRICT = 444, 445, 446  # the same on every architecture
ASK_VERSION = 1
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_AND_REMOVE = 0b1_1111_1111 << 4  # of files, folders, links, sockets, pipes, devices
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
WRITE = WRITE_FILE | MAKE_AND_REMOVE | REFER | TRUNCATE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE  # the others are of folders
TCP = 0b11  # to bind and to connect
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
WITH_TCP, WITH_SIGNALS = 4, 6  # versions


class Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Return how much of it the kernel has; 0: nothing."""
    try:
        return kernel.call(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except OSError:
        return 0


def known_files(version: int) -> int:
    """Return the rights to files that a version knows."""
    newer = {2: REFER, 3: TRUNCATE, 5: IOCTL_DEVICE}
    rights = EXECUTE | WRITE_FILE | READ_FILE | READ_DIR | MAKE_AND_REMOVE
    for since, right in newer.items():
        rights |= right if version >= since else 0
    return rights


def keep_to(*, reads: Iterable[str] = (), writes: Iterable[str], only_writes: bool = False) -> None:
    """Give up all files but these; with ``only_writes`` what may be read stays as it is.

    Raises
    ------
    OSError
        The kernel does not have it.
    """
    has = version()
    handled = known_files(has) & (WRITE if only_writes else ~0)
    ruleset = Ruleset(handled, TCP if has >= WITH_TCP else 0,
                      ABSTRACT_SOCKETS_AND_SIGNALS if has >= WITH_SIGNALS else 0)  # fmt: skip
    size = 8 if has < WITH_TCP else 16 if has < WITH_SIGNALS else 24
    rules = kernel.call(CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for path in reads:
            _allow(rules, path, handled & READ)
        for path in writes:
            _allow(rules, path, handled & (READ | WRITE) & ~EXECUTE)
        kernel.call(RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    """Keep a folder, or a file; what is not there needs no right."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            is_folder = Path(path).is_dir()
            rule = Beneath(rights if is_folder else rights & OF_FILES, handle)
            kernel.call(ADD, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule),
                        ctypes.c_uint32(0))  # fmt: skip
        finally:
            os.close(handle)
