"""Calls of Linux that Python has no name for. Each says whether the kernel did what was asked."""

import ctypes
import os

NO_NEW_PRIVILEGES = 38  # numbers of <linux/prctl.h>
NEW_USER, NEW_NET, NEW_IPC = 0x10000000, 0x40000000, 0x08000000  # of <linux/sched.h>
LIBC = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: object) -> int:
    """Make a call by its number.

    Raises
    ------
    OSError
        The kernel does not have it, or refuses it.
    """
    found = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def control(what: int, *arguments: object) -> None:
    """Change what the kernel lets this process do.

    Raises
    ------
    OSError
        The kernel does not have it, or refuses it.
    """
    if LIBC.prctl(ctypes.c_int(what), *arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def give_up_privileges() -> None:
    """Let no program that is started from here have more rights; what follows needs it."""
    control(NO_NEW_PRIVILEGES, *(ctypes.c_ulong(each) for each in (1, 0, 0, 0)))


def part_namespaces() -> None:
    """Leave the network for one that has no interface, and what processes share for nothing.

    Raises
    ------
    OSError
        This kernel, or who runs it, keeps that for the superuser.
    """
    if LIBC.unshare(ctypes.c_int(NEW_USER | NEW_NET | NEW_IPC)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
