"""Files of the demonstration: small arrays in a folder that ONE loads at once."""

import hashlib
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

from common.errors import Busy
from lab.models import DataFormat, Dataset, DatasetType, FileRecord, Session
from lab.services.demo.world import World, known
from lab.services.registration import settle_online

MARKER = "DEMONSTRATION.txt"
TOLD = "Invented data; `manage.py demo_lab --remove` deletes this folder.\n"
COLLECTION = "alf"
TRIALS = 60
RATE_HZ = 50


class FolderInUse(Busy):
    title = "The folder cannot be used"
    remedy = "Name another one with --folder."


def need_folder(folder: Path) -> None:
    """See that the folder is new, empty, or was made by an earlier demonstration."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderInUse(f"{folder} cannot be made: {error.strerror}.") from None
    if any(folder.iterdir()) and not (folder / MARKER).exists():
        raise FolderInUse(f"{folder} holds files that no demonstration has made.")


def array(values: Sequence[float] | Sequence[int], columns: int = 1) -> bytes:
    """Return numbers as NumPy stores them, in format 1.0: a described header, then the values."""
    is_whole = all(isinstance(value, int) for value in values)
    kind, sign = ("<i8", "q") if is_whole else ("<f8", "d")
    rows = len(values) // columns
    shape = f"({rows},)" if columns == 1 else f"({rows}, {columns})"
    told = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    space = -(10 + len(told) + 1) % 64  # the values begin at a multiple of 64 bytes
    header = (told + " " * space + "\n").encode("ascii")
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    return start + struct.pack(f"<{len(values)}{sign}", *values)


def register(world: World) -> None:
    """Register the arrays of every session; they are written when all is kept."""
    form = DataFormat.objects.filter(file_extension=".npy").first() or DataFormat.objects.create(
        name="npy", file_extension=".npy", description="NumPy array"
    )
    types: dict[str, DatasetType] = {}
    datasets, records = [], []
    for session in world.sessions:
        for kind, content in _arrays(world, session).items():
            types[kind] = types.get(kind) or known(DatasetType, kind)
            dataset, record = _registered(world, session, kind, content)
            dataset.type, dataset.format = types[kind], form
            datasets.append(dataset)
            records.append(record)
    world.keep(datasets)
    world.keep(records)
    settle_online([each.pk for each in datasets])


def _registered(
    world: World, session: Session, kind: str, content: bytes
) -> tuple[Dataset, FileRecord]:
    path = f"{session.subject.nickname}/{session.day}/001/{COLLECTION}/{kind}.npy"
    world.contents[path] = content
    dataset = Dataset(
        pk=world.key("dataset", path), session=session, lab=world.lab, name=f"{kind}.npy",
        collection=COLLECTION, file_size=len(content), qc=session.qc,
        hash=hashlib.md5(content, usedforsecurity=False).hexdigest(), version="1.0",
        software="demo_lab", created_by=session.subject.responsible_user,
        created_at=world.at(session.day, 12),
    )  # fmt: skip
    record = FileRecord(pk=world.key("file", path), dataset=dataset, exists=True,
                        repository=world.repository, relative_path=path)  # fmt: skip
    return dataset, record


def _arrays(world: World, session: Session) -> dict[str, bytes]:
    """Return what was recorded: trials, one after the other, and the wheel."""
    chance, starts, now = world.chance, list[float](), 0.0
    for _ in range(TRIALS):
        now += chance.uniform(2.0, 6.0)
        starts.append(round(now, 4))
    intervals = [at for begin in starts for at in (begin, round(begin + 1.5, 4))]
    share = (session.n_correct_trials or 0) / max(session.n_trials or 1, 1)
    feedback = [1 if chance.random() < share else -1 for _ in starts]
    position, positions = 0.0, list[float]()
    for _ in range(RATE_HZ * 10):
        position += chance.gauss(0, 0.05)
        positions.append(round(position, 5))
    times = [round(number / RATE_HZ, 4) for number in range(len(positions))]
    return {
        "trials.intervals": array(intervals, columns=2),
        "trials.choice": array([chance.choice((-1, 1)) for _ in starts]),
        "trials.feedbackType": array(feedback),
        "wheel.position": array(positions),
        "wheel.timestamps": array(times),
    }


def write(world: World) -> None:
    world.folder.mkdir(parents=True, exist_ok=True)
    (world.folder / MARKER).write_text(TOLD)
    for path, content in world.contents.items():
        file = world.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def clear(folder: Path) -> None:
    """Delete the folder, if it is one of ours."""
    if (folder / MARKER).is_file():
        shutil.rmtree(folder)
