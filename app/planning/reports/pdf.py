"""A report as PDF: the drawings as lines and letters, not as pictures of them.

The letters are those that every reader of PDF has, so other scripts are written as question marks;
the HTML report has them all.
"""

import unicodedata
from collections.abc import Sequence
from math import cos, pi, sin

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.prefs import ViewerPreferences

from common.charts import Drawing
from common.charts.marks import Area, Box, Dot, Line, Mark, Place, Words
from common.charts.svg import COLOURS
from planning.reports.paper import LANGUAGE, Grid, Paper, Part

MARGIN_MM, WIDTH_MM, FOOT_MM = 20.0, 170.0, 18.0
FONT, LETTERS = "Helvetica", "latin-1"
DASHES = ((0.0, 0.0), (6.0, 4.0), (2.0, 3.0), (10.0, 3.0), (8.0, 3.0), (1.0, 4.0))
SEE_THROUGH, CORNERS = 0.16, 24
SPELLED = str.maketrans({
    "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MINUS SIGN}": "-", "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LESS-THAN OR EQUAL TO}": "<=", "\N{GREATER-THAN OR EQUAL TO}": ">=",
})  # fmt: skip


def plain(text: str) -> str:
    """Return a text in the letters that every reader has."""
    whole = unicodedata.normalize("NFC", text.translate(SPELLED))
    return whole.encode(LETTERS, "replace").decode(LETTERS)


class Sheet(FPDF):
    """Pages of A4 with the report's foot."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(format="A4", unit="mm")
        self.foot = plain(paper.foot)
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=FOOT_MM + 4)
        self.set_title(plain(paper.title))
        self.set_lang(LANGUAGE)
        self.set_producer("Studium")
        self.set_creation_date(paper.at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def footer(self) -> None:
        self.set_y(-FOOT_MM)
        self.set_font(FONT, size=8)
        self.set_text_color(COLOURS["soft"])
        self.cell(0, 5, f"{self.foot}, page {self.page_no()}")

    def said(self, text: str, *, size: float = 10, style: str = "") -> None:
        """Write a paragraph over the whole width."""
        self.set_font(FONT, style=style, size=size)
        self.set_text_color(COLOURS["text"])
        self.multi_cell(0, size * 0.5, plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)


def write(paper: Paper) -> bytes:
    """Return a report as PDF; the same report gives the same bytes."""
    sheet = Sheet(paper)
    sheet.add_page()
    sheet.start_section(plain(paper.title))
    sheet.said(paper.title, size=18, style="B")
    sheet.said(paper.lead, size=11)
    for part in paper.parts:
        _part(sheet, part)
    return bytes(sheet.output())


def _part(sheet: Sheet, part: Part) -> None:
    sheet.ln(3)
    if sheet.will_page_break(30):
        sheet.add_page()
    sheet.start_section(plain(part.title), level=1)
    sheet.said(part.title, size=13, style="B")
    for words in part.paragraphs:
        sheet.said(words)
    if part.facts:
        _facts(sheet, part.facts)
    for drawing in part.drawings:
        _draw(sheet, drawing)
    for grid in part.grids:
        _grid(sheet, grid)


def _facts(sheet: Sheet, facts: Sequence[tuple[str, str]]) -> None:
    for name, value in facts:
        if sheet.will_page_break(6):
            sheet.add_page()
        sheet.set_text_color(COLOURS["text"])
        sheet.set_font(FONT, style="B", size=9)
        sheet.cell(WIDTH_MM * 0.35, 5, plain(name))
        sheet.set_font(FONT, size=9)
        sheet.multi_cell(0, 5, plain(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(2)


def _grid(sheet: Sheet, grid: Grid) -> None:
    wide = WIDTH_MM / max(1, len(grid.columns))
    if sheet.will_page_break(18):
        sheet.add_page()
    sheet.said(grid.caption, size=9, style="B")
    _row(sheet, grid.columns, wide, style="B")
    for row in grid.rows:
        if sheet.will_page_break(6):
            sheet.add_page()
            _row(sheet, grid.columns, wide, style="B")
        _row(sheet, row, wide)
    sheet.ln(2)


def _row(sheet: Sheet, row: Sequence[str], wide: float, style: str = "") -> None:
    sheet.set_font(FONT, style=style, size=8)
    sheet.set_text_color(COLOURS["text"])
    for text in row:
        sheet.cell(wide, 4.6, _fitting(sheet, plain(text), wide - 2))
    sheet.ln(4.6)


def _fitting(sheet: Sheet, text: str, wide: float) -> str:
    """Return as much of a text as a cell has room for."""
    if sheet.get_string_width(text) <= wide:
        return text
    while text and sheet.get_string_width(f"{text}..") > wide:
        text = text[:-1]
    return f"{text}.."


# --- drawings -------------------------------------------------------------------------------------
class Pen:
    """Puts the marks of a drawing onto a sheet, smaller, from a corner of it."""

    def __init__(self, sheet: Sheet, scale: float, left: float, top: float) -> None:
        self.sheet, self.scale, self.left, self.top = sheet, scale, left, top

    def at(self, place: Place) -> Place:
        return self.left + place[0] * self.scale, self.top + place[1] * self.scale

    def put(self, mark: Mark) -> None:
        match mark:
            case Line():
                self._line(mark)
            case Area():
                with self.sheet.local_context(fill_opacity=SEE_THROUGH):
                    self._filled(mark.places, mark.tone)
            case Box():
                self.sheet.set_fill_color(COLOURS[mark.tone])
                width, height = mark.width * self.scale, mark.height * self.scale
                self.sheet.rect(*self.at(mark.at), width, height, style="F")
            case Dot():
                self._filled(_corners(mark), mark.tone)
            case Words():
                self._words(mark)

    def _filled(self, places: Sequence[Place], tone: str) -> None:
        self.sheet.set_fill_color(COLOURS[tone])
        self.sheet.polygon([self.at(place) for place in places], style="F")

    def _line(self, mark: Line) -> None:
        self.sheet.set_draw_color(COLOURS[mark.tone])
        self.sheet.set_line_width(mark.width * self.scale)
        dash, gap = (each * self.scale for each in DASHES[mark.dash % len(DASHES)])
        self.sheet.set_dash_pattern(dash=dash, gap=gap)
        self.sheet.polyline([self.at(place) for place in mark.places])
        self.sheet.set_dash_pattern()

    def _words(self, mark: Words) -> None:
        sheet, text = self.sheet, plain(mark.text)
        sheet.set_font(FONT, size=13 * self.scale * 72 / 25.4)
        sheet.set_text_color(COLOURS[mark.tone])
        x, y = self.at(mark.at)
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
        back = sheet.get_string_width(text) * shift
        if mark.turned:
            with sheet.rotation(90, x, y):
                sheet.text(x - back, y, text)
        else:
            sheet.text(x - back, y, text)


def _corners(mark: Dot) -> list[Place]:
    (x, y), size = mark.at, mark.size
    if mark.shape == "square":
        return [(x - size, y - size), (x + size, y - size), (x + size, y + size),
                (x - size, y + size)]  # fmt: skip
    if mark.shape == "diamond":
        return [(x, y - 1.3 * size), (x + 1.3 * size, y), (x, y + 1.3 * size),
                (x - 1.3 * size, y)]  # fmt: skip
    if mark.shape == "triangle":
        return [(x, y - 1.2 * size), (x + 1.2 * size, y + size), (x - 1.2 * size, y + size)]
    turns = (2 * pi * each / CORNERS for each in range(CORNERS))
    return [(x + size * cos(turn), y + size * sin(turn)) for turn in turns]


def _draw(sheet: Sheet, drawing: Drawing) -> None:
    scale = WIDTH_MM / drawing.width
    height = drawing.height * scale
    if sheet.will_page_break(height + 10):
        sheet.add_page()
    sheet.said(drawing.title, size=10, style="B")
    pen = Pen(sheet, scale, sheet.l_margin, sheet.get_y())
    for mark in drawing.marks:
        pen.put(mark)
    sheet.set_xy(sheet.l_margin, pen.top + height + 3)
