"""The compiled way to the same numbers: built ahead of time, used where it is there.

``python -m fmriplan build`` compiles `kernel.c` beside itself. A library of another source or
another machine is never loaded, because its name says what it was made from.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fmriplan.errors import PlanningError

SOURCE = Path(__file__).with_name("kernel.c")
FLAGS = (
    "-O3",
    "-march=native",
    "-std=c11",
    "-fPIC",
    "-shared",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-fassociative-math",
)
MODEL_WHOLE = ("columns", "length", "drifts", "rows", "one_shape")
MODEL_REAL = ("weight_of_first_scan", "wish", "scale")
MODEL_ARRAYS = ("added", "drift", "contrasts", "first", "column", "skip")
WHOLE = ("trials", "conditions", "scans", "step", "depth", "runs", "run_trials", "run_scans",
         "start", "run_ticks", "models", "worst", "keeps_counts", "longest_run", "first", "last",
         "apart")  # fmt: skip
REAL = ("counts_least", "counts_most", "order_least", "order_most", "wish_detection",
        "wish_counts", "wish_order")  # fmt: skip
ARRAYS = ("shares", "lasts", "shown", "rests", "exact", "least", "forbidden", "model")


class NotBuilt(PlanningError):
    """There is no compiler, or it refused."""


class Model(ctypes.Structure):
    """One assumed response and noise; the fields are those of the kernel's ``Model``."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in MODEL_WHOLE),
        *((name, ctypes.c_double) for name in MODEL_REAL),
        *((name, ctypes.c_void_p) for name in MODEL_ARRAYS),
    ]


class Plan(ctypes.Structure):
    """What the kernel is told; the fields are those of its ``Plan``, in that order."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in WHOLE),
        *((name, ctypes.c_double) for name in REAL),
        *((name, ctypes.c_void_p) for name in ARRAYS),
    ]


def library() -> Path:
    """Return where the library of this source and this machine is, if it was built."""
    said = SOURCE.read_bytes() + " ".join((*FLAGS, platform.machine(), _processor())).encode()
    return SOURCE.with_name(f"kernel-{hashlib.sha256(said).hexdigest()[:16]}.so")


def _processor() -> str:
    """Return what tells one processor's instructions from another's, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def build(compiler: str = "") -> Path:
    """Compile the kernel and return where it is; what was there already is left.

    Raises
    ------
    NotBuilt
        There is no C compiler, or the folder cannot be written.
    """
    place = library()
    if place.exists():
        return place
    found = compiler or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not found:
        raise NotBuilt("There is no C compiler (cc). Everything works without; only slower.")
    with tempfile.NamedTemporaryFile(dir=place.parent, suffix=".so", delete=False) as file:
        half = Path(file.name)
    try:
        words = [found, *FLAGS, str(SOURCE), "-o", str(half), "-lm"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        half.unlink()
        raise NotBuilt(f"The kernel was not built: {error}.") from error
    if done.returncode:
        half.unlink()
        raise NotBuilt(f"The compiler refused the kernel: {done.stderr.strip()[-500:]}")
    half.chmod(0o755)
    half.rename(place)
    kernel.cache_clear()
    return place


@cache
def kernel() -> ctypes.CDLL | None:
    """Return the compiled functions; None where they were not built, or are not wanted."""
    if os.environ.get("FMRIPLAN_PLAIN") or not library().exists():
        return None
    try:
        return ctypes.CDLL(str(library()))
    except OSError:
        return None


def address(array: NDArray[np.generic]) -> int:
    if not array.flags["C_CONTIGUOUS"]:
        raise ValueError("an array for the kernel is contiguous")
    return array.ctypes.data
