"""Reading stimuli from a table with files beside it: CSV alone, or in an archive with the files.

A row has a ``name``, a ``file`` (its path in the archive) or a ``text``, and its tags in columns
``tag:tempo:number``; the type is text when it is left out. PyEnsemble's columns are understood:
``location``, and ``attribute__tempo__double``.
"""

import csv
import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import PurePosixPath
from typing import BinaryIO

from experiments import media
from experiments.errors import NotStimuli
from experiments.models import Asset
from experiments.services import assets
from experiments.services.stimuli import New, TagValue

MOST_ROWS = 20_000
LARGEST_FILE = 500 * 2**20
LARGEST_TABLE = 50 * 2**20
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
OF_PYENSEMBLE = {"double": "number", "text": "text"}


def read(file: BinaryIO, name: str) -> list[New]:
    """Return the stimuli of an archive or a table; the files are stored on the way.

    Raises
    ------
    NotStimuli
        It names the row and what is wrong there.
    """
    if name.lower().endswith(".csv"):
        return list(_rows(file.read(LARGEST_TABLE + 1), {}))
    try:
        with closing(zipfile.ZipFile(file)) as box:
            return _of_archive(box)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise NotStimuli(f"{name} is no archive that can be read: {error}.") from None


def _of_archive(box: zipfile.ZipFile) -> list[New]:
    inside = {entry.filename: entry for entry in box.infolist() if not entry.is_dir()}
    tables = [entry for entry in inside.values() if _is_table(entry.filename)]
    if len(tables) != 1:
        raise NotStimuli(f"The archive holds {len(tables)} tables (.csv); one is needed.")
    if tables[0].file_size > LARGEST_TABLE:
        raise NotStimuli(f"The table is larger than {LARGEST_TABLE // 2**20} MB.")
    beside = str(PurePosixPath(tables[0].filename).parent)
    files = {_below(beside, path): _opener(box, entry) for path, entry in inside.items()}
    with box.open(tables[0]) as table:
        return list(_rows(table.read(LARGEST_TABLE + 1), files))


def _is_table(path: str) -> bool:
    return path.lower().endswith(".csv") and not PurePosixPath(path).name.startswith(".")


def _below(folder: str, path: str) -> str:
    return path.removeprefix(f"{folder}/") if folder != "." else path


Opener = Callable[[], BinaryIO]


def _opener(box: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Opener:
    def opened() -> BinaryIO:
        if entry.file_size > LARGEST_FILE:
            raise NotStimuli(f"{entry.filename} is larger than {LARGEST_FILE // 2**20} MB.")
        return box.open(entry)  # type: ignore[return-value]  # reads as any file does

    return opened


def _rows(content: bytes, files: Mapping[str, Opener]) -> Iterator[New]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotStimuli("The table is not UTF-8; save it as CSV UTF-8.") from None
    table = csv.DictReader(io.StringIO(text, newline=""), restkey="")
    columns = _columns(table.fieldnames or [])
    for number, row in enumerate(table, start=2):
        if number > MOST_ROWS + 1:
            raise NotStimuli(f"The table has more than {MOST_ROWS:,} rows.")
        try:
            yield _new({name: value or "" for name, value in row.items()}, columns, files)
        except NotStimuli as error:
            raise NotStimuli(f"Row {number}: {error.message}") from None


def _columns(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the tag and the type that each column holds; others are refused by name."""
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        tag = _tag_of(name)
        if tag:
            found[name] = tag
        elif name not in {"name", "file", "location", "text"}:
            raise NotStimuli(
                f"The column {name[:60]!r} is not known; write name, file, text, tag:NAME:TYPE."
            )
    return found


def _tag_of(column: str) -> tuple[str, str] | None:
    if column.startswith("tag:"):
        name, _, kind = column.removeprefix("tag:").partition(":")
        kind = kind or "text"
    elif column.startswith("attribute__"):
        name, _, kind = column.removeprefix("attribute__").rpartition("__")
        kind = OF_PYENSEMBLE.get(kind, kind)
    else:
        return None
    if kind not in VALUES:
        raise NotStimuli(f"The column {column[:60]!r} has no type of {', '.join(VALUES)}.")
    return name, kind


def _new(
    row: Mapping[str, str], columns: Mapping[str, tuple[str, str]], files: Mapping[str, Opener]
) -> New:
    if row.get("", ""):
        raise NotStimuli("It has more values than the table has columns.")
    path = row.get("file", "") or row.get("location", "")
    tags = {
        tag: VALUES[kind](column, row[column].strip())
        for column, (tag, kind) in columns.items()
        if row.get(column, "").strip()
    }
    name = row.get("name", "").strip() or PurePosixPath(path).stem
    return New(name, _stored(path, files) if path else None, row.get("text", "").strip(), tags)


def _stored(path: str, files: Mapping[str, Opener]) -> Asset:
    if path not in files:
        raise NotStimuli(f"There is no file {path[:200]!r} beside the table.")
    media_type = media.type_of(path)
    if not media_type:
        raise NotStimuli(f"{path[:200]!r} is of no kind that is known: {', '.join(media.TYPES)}.")
    with files[path]() as file:
        begins = file.read(media.ENOUGH)
    if not media.is_what_it_says(media_type, begins):
        raise NotStimuli(f"{path[:200]!r} does not begin as {media_type} does.")
    with files[path]() as file:
        return assets.keep(file, media_type=media_type)


def _number(column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise NotStimuli(f"{column}: {text[:40]!r} is no number.") from None
    if not math.isfinite(number):
        raise NotStimuli(f"{column}: {text[:40]!r} is no number.")
    return number


def _truth(column: str, text: str) -> bool:
    if text.lower() not in TRUTHS:
        raise NotStimuli(f"{column}: {text[:40]!r} is neither true nor false.")
    return TRUTHS[text.lower()]


def _text(_column: str, text: str) -> str:
    return text


VALUES: Mapping[str, Callable[[str, str], TagValue]] = {
    "number": _number,
    "text": _text,
    "truth": _truth,
}
