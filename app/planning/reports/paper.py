"""What a report says, before it is written as PDF or HTML: the same words, tables and drawings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common.charts import Drawing

LANGUAGE = "en"
MOST_ROWS = 400  # of a table on paper; the files have all


@dataclass(frozen=True)
class Grid:
    """A table: its caption, what its columns are, its rows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Part:
    """A heading with what stands below it."""

    title: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    drawings: tuple[Drawing, ...] = ()
    grids: tuple[Grid, ...] = ()


@dataclass(frozen=True)
class Paper:
    """A report. ``at`` is when what it reports was made, so that it is the same whenever written.

    ``mark`` is the hash by which the numbers can be found again, ``release`` that of the site.
    """

    title: str
    lead: str
    at: datetime
    mark: str
    release: str
    parts: tuple[Part, ...]

    @property
    def foot(self) -> str:
        return f"Made {self.at:%Y-%m-%d}, mark {self.mark[:16]}, Studium {self.release}"


def grid(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]], most: int = MOST_ROWS
) -> Grid:
    """Return a table of at most so many rows; the caption says where it is cut."""
    cut = f" (the first {most:,} of {len(rows):,})" if len(rows) > most else ""
    told = tuple(tuple(str(cell) for cell in row) for row in rows[:most])
    return Grid(f"{caption}{cut}", tuple(columns), told)
