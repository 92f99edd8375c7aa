"""One call, inside the process that was forked for it. It never returns: the process ends here."""

import contextlib
import faulthandler
import gc
import json
import os
import resource
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from experiments.scripting import enclosure, functions
from experiments.scripting.told import Stimulus, here_of

LARGEST_RESULT = enclosure.LARGEST_FILE
BEFORE_THE_END_S = 0.1


@dataclass(frozen=True)
class Room:
    """What a call is given: the question, where its result and its words go, and what it keeps."""

    question: int
    result: int
    printed: int
    scratch: str
    held: set[str]
    folders: tuple[str, ...]
    size: int


def run(limits: dict[str, Any], stimuli: tuple[Stimulus, ...] | None, room: Room) -> NoReturn:
    code, result = 1, room.result
    try:
        _enclose(limits, room)
        with _its_place_is_told(float(limits["limit_s"])):
            said = json.dumps(answered(_read(room.question), stimuli), allow_nan=False).encode()
        if os.write(result, said) < len(said):
            raise OverflowError(f"What it returned is larger than {LARGEST_RESULT:,} bytes.")  # noqa: TRY301
        code = 0
    except BaseException:  # noqa: BLE001  what is wrong is written down, whatever it is
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _enclose(limits: dict[str, Any], room: Room) -> None:
    os.setsid()
    gc.disable()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for at, file in enumerate((nothing, room.printed, room.printed)):
        os.dup2(file, at)
    enclosure.close_files(but=(room.question, room.result))
    memory = int(limits["memory_mb"]) * 2**20
    resource.setrlimit(resource.RLIMIT_CPU, (int(limits["limit_s"]) + 2,) * 2)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    enclosure.confine(held=room.held, scratch=room.scratch, folders=room.folders,
                      size=room.size + memory)  # fmt: skip


@contextlib.contextmanager
def _its_place_is_told(limit_s: float) -> Iterator[None]:
    """Write down where the function is when its time is nearly over."""
    faulthandler.dump_traceback_later(max(limit_s - BEFORE_THE_END_S, 0.05))
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _read(question: int) -> dict[str, Any]:
    size = os.fstat(question).st_size
    found: dict[str, Any] = json.loads(os.pread(question, size, 0))
    return found


def answered(question: dict[str, Any], stimuli: tuple[Stimulus, ...] | None) -> dict[str, Any]:
    """Return what the function said, or what is wrong with how it is called."""
    call, arguments = question["call"], question["arguments"]
    try:
        function = functions.find(call)
        functions.check(function, arguments)
        if "here" not in question:
            return {"is": None}
        here = here_of(question["here"], stimuli or ())
        return {"is": functions.shaped(question["kind"], call, function(here, **arguments))}
    except functions.Wrong as error:
        return {"wrong": str(error)}
