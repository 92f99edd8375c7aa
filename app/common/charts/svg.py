"""A drawing as SVG: for a page, whose style sheet colours it, or as a file of its own."""

from html import escape

from common.charts.marks import Area, Box, Dot, Drawing, Line, Mark, Place, Words

DASHES = ("", "6 4", "2 3", "10 3", "8 3 2 3", "1 4")
COLOURS = {
    "series-1": "#0067a3", "series-2": "#b84a00", "series-3": "#00795a",
    "series-4": "#a8437f", "series-5": "#5b4fc4", "series-6": "#756000",
    "axis": "#8c8478", "grid": "#e5e0d8", "guide": "#59534a", "text": "#211e1a",
    "soft": "#59534a", "on-dark": "#ffffff", "ground": "#ffffff",
    "shade-0": "#f3f5f6", "shade-1": "#e0e9ec", "shade-2": "#c9dade", "shade-3": "#abc6cc",
    "shade-4": "#8ab0b8", "shade-5": "#4f838d", "shade-6": "#33707b", "shade-7": "#1d5e69",
    "shade-8": "#0f4a52", "under-1": "#f5e3da", "under-2": "#eac6b3", "under-3": "#dda684",
    "under-4": "#9c4a1b",
}  # fmt: skip
FONT = "-apple-system, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif"


def page(drawing: Drawing) -> str:
    """Return the SVG for a page; `chart.css` colours it, and it grows with its column."""
    return (
        f'<svg class="chart" viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" '
        f'role="{"group" if _leads(drawing) else "img"}" aria-label="{escape(drawing.title)}">'
        f"{''.join(_mark(mark) for mark in drawing.marks)}</svg>"
    )


def file(drawing: Drawing) -> str:
    """Return a whole SVG file, in the colours of paper."""
    fill = " ".join(
        f".{name}{{fill:{colour}}}.line.{name}{{fill:none;stroke:{colour}}}"
        for name, colour in COLOURS.items()
    )
    style = f"text{{font:13px {FONT}}} .area{{opacity:.16}} {fill}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(drawing.width)} '
        f'{_n(drawing.height)}" width="{_n(drawing.width)}" height="{_n(drawing.height)}">'
        f"<title>{escape(drawing.title)}</title><style>{style}</style>"
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f"{''.join(_mark(mark, links=False) for mark in drawing.marks)}</svg>\n"
    )


def _leads(drawing: Drawing) -> bool:
    return any(isinstance(mark, Dot) and mark.link for mark in drawing.marks)


def _mark(mark: Mark, *, links: bool = True) -> str:
    match mark:
        case Line():
            return _line(mark)
        case Area():
            return f'<path class="area {mark.tone}" d="{_path(mark.places)}Z"/>'
        case Box():
            return (f'<rect class="{mark.tone}" x="{_n(mark.at[0])}" y="{_n(mark.at[1])}" '
                    f'width="{_n(mark.width)}" height="{_n(mark.height)}">{_said(mark.said)}'
                    "</rect>")  # fmt: skip
        case Dot():
            return _dot(mark, links=links)
        case Words():
            return _words(mark)


def _line(mark: Line) -> str:
    dash = f' stroke-dasharray="{DASHES[mark.dash % len(DASHES)]}"' if mark.dash else ""
    return (
        f'<path class="line {mark.tone}" d="{_path(mark.places)}" fill="none" '
        f'stroke-width="{_n(mark.width)}" stroke-linejoin="round"{dash}>{_said(mark.said)}</path>'
    )


def _dot(mark: Dot, *, links: bool) -> str:
    shape = f'<path class="dot {mark.tone}" d="{_shape(mark)}">{_said(mark.said)}</path>'
    if mark.is_chosen:
        ring = Dot(mark.at, "text", "circle", mark.size + 4)
        shape += f'<path class="line text" fill="none" stroke-width="2" d="{_shape(ring)}"/>'
    if not (mark.link and links):
        return shape
    now = ' aria-current="true"' if mark.is_chosen else ""
    return f'<a href="{escape(mark.link)}" aria-label="{escape(mark.said)}"{now}>{shape}</a>'


def _shape(mark: Dot) -> str:
    (x, y), size = mark.at, mark.size
    if mark.shape == "square":
        return _path(((x - size, y - size), (x + size, y - size), (x + size, y + size),
                      (x - size, y + size))) + "Z"  # fmt: skip
    if mark.shape == "diamond":
        far = size * 1.3
        return _path(((x, y - far), (x + far, y), (x, y + far), (x - far, y))) + "Z"
    if mark.shape == "triangle":
        far = size * 1.2
        return _path(((x, y - far), (x + far, y + size), (x - far, y + size))) + "Z"
    return (f"M{_n(x - size)} {_n(y)}a{_n(size)} {_n(size)} 0 1 0 {_n(2 * size)} 0"
            f"a{_n(size)} {_n(size)} 0 1 0 {_n(-2 * size)} 0Z")  # fmt: skip


def _words(mark: Words) -> str:
    x, y = _n(mark.at[0]), _n(mark.at[1])
    turned = f' transform="rotate(-90 {x} {y})"' if mark.turned else ""
    told = _said(mark.said) if mark.said != mark.text else ""
    return (f'<text class="{mark.tone}" x="{x}" y="{y}" text-anchor="{mark.anchor}"{turned}>'
            f"{escape(mark.text)}{told}</text>")  # fmt: skip


def _said(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _path(places: tuple[Place, ...]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in places)


def _n(value: float) -> str:
    """Return a number with at most two digits behind the point."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
