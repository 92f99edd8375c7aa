"""Seccomp: the kernel answers some calls of a process with a refusal, and those of its children.

The filter is a program for the kernel's packet filter, of the form in <linux/filter.h>: load a
word, compare it, return. It knows two machines; on another there is none, and that is said.
"""

import ctypes
import errno
import os
from collections.abc import Iterable

from experiments.scripting import kernel

MODE, FILTER = 22, 2  # of prctl
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, MACHINE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
OTHER_WORLD = 0x40000000  # numbers of x86's third kind begin here
NEW_NAMESPACES = 0x7E020080
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# name: its number on x86_64 and on aarch64; from 424 on they are the same everywhere
NETWORK = {"socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200),
           "listen": (50, 201), "accept4": (288, 242)}  # fmt: skip
OTHERS = {"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
          "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
          "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
          "pidfd_getfd": (438, 438), "process_madvise": (440, 440)}  # fmt: skip
SYSTEM = {"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
          "setns": (308, 268), "unshare": (272, 97), "bpf": (321, 280), "personality": (135, 92),
          "perf_event_open": (298, 241), "userfaultfd": (323, 282), "quotactl": (179, 60),
          "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273),
          "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
          "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
          "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
          "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
          "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429),
          "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
          "mount_setattr": (442, 442)}  # fmt: skip
OWN_GROUP = {"setsid": (112, 157), "setpgid": (109, 154)}  # what runs is ended as one group
SIGNALS = {"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
           "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
           "pidfd_send_signal": (424, 424)}  # fmt: skip
CLONE, CLONE3 = (56, 220), (435, 435)


class Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8),
                ("value", ctypes.c_uint32))  # fmt: skip


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction)))


def is_offered() -> bool:
    """Say whether the kernel takes filters, on a machine whose numbers are known."""
    if os.uname().machine not in MACHINES:
        return False
    try:  # without a program: a kernel that has filters finds the address bad
        kernel.control(MODE, ctypes.c_ulong(FILTER), None)
    except OSError as error:
        return error.errno == errno.EFAULT
    return False


def refuse(calls: Iterable[dict[str, tuple[int, int]]]) -> None:
    """Refuse calls from now on; ``EPERM`` is what who makes them gets.

    Raises
    ------
    OSError
        The kernel has no filters, or the numbers of this machine are not known.
    """
    machine = MACHINES.get(os.uname().machine)
    if machine is None:
        raise OSError(errno.ENOSYS, f"No numbers are known of {os.uname().machine}.")
    mark, column = machine
    numbers = [pair[column] for named in calls for pair in named.values()]
    program = _program(mark, sorted(numbers), CLONE[column], CLONE3[column])
    made = (Instruction * len(program))(*(Instruction(*each) for each in program))
    whole = Program(len(program), ctypes.cast(made, ctypes.POINTER(Instruction)))
    kernel.control(MODE, ctypes.c_ulong(FILTER), ctypes.byref(whole))


def _program(
    mark: int, numbers: list[int], clone: int, clone3: int
) -> list[tuple[int, int, int, int]]:
    """Return the filter: another machine's calls are refused, so are these and new namespaces."""
    refusal, not_there = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS  # libraries then take clone
    program = [
        (LOAD, 0, 0, MACHINE_AT), (EQUAL, 1, 0, mark), (RETURN, 0, 0, refusal),
        (LOAD, 0, 0, NUMBER_AT), (AT_LEAST, 0, 1, OTHER_WORLD), (RETURN, 0, 0, refusal),
        (EQUAL, 0, 1, clone3), (RETURN, 0, 0, not_there),
    ]  # fmt: skip
    for number in numbers:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, refusal)]
    return [
        *program,
        (EQUAL, 0, 3, clone), (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (ANY_BIT, 0, 1, NEW_NAMESPACES), (RETURN, 0, 0, refusal),
        (RETURN, 0, 0, ALLOW),
    ]  # fmt: skip
