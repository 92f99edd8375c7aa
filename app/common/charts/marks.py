"""What a drawing is made of: marks at places in points, from the upper left corner.

A mark's ``tone`` is a word that a style sheet, or a writer of files, gives a colour:
``series-1`` to ``series-6``, ``axis``, ``grid``, ``guide``, ``text``, ``soft``, ``shade-0`` to
``shade-8`` (light to dark), ``under-1`` to ``under-4`` (below zero) and ``on-dark``.
"""

from dataclasses import dataclass, field

SERIES = 6
Place = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line through places; ``dash`` 0 is whole, more are dashes of other lengths."""

    places: tuple[Place, ...]
    tone: str
    dash: int = 0
    width: float = 2.0
    said: str = ""


@dataclass(frozen=True)
class Area:
    """A filled shape, seen through."""

    places: tuple[Place, ...]
    tone: str


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    at: Place
    width: float
    height: float
    tone: str
    said: str = ""


@dataclass(frozen=True)
class Dot:
    """A small sign: ``shape`` is one of `SHAPES`. ``link`` leads where it is pressed."""

    at: Place
    tone: str
    shape: str = "circle"
    size: float = 4.0
    said: str = ""
    link: str = ""
    is_chosen: bool = False


SHAPES = ("circle", "square", "diamond", "triangle")


@dataclass(frozen=True)
class Words:
    """Text at a place; ``anchor`` is start, middle or end. ``turned`` reads upwards."""

    at: Place
    text: str
    tone: str = "text"
    anchor: str = "start"
    turned: bool = False
    said: str = ""


Mark = Line | Area | Box | Dot | Words


@dataclass(frozen=True)
class Table:
    """The numbers of a drawing, for whoever does not see it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Drawing:
    """A picture of ``width`` times ``height`` points, what it is of, and the same as a table."""

    title: str
    width: float
    height: float
    marks: tuple[Mark, ...]
    table: Table = field(default=Table((), ()))
