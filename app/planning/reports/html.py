"""A report as one HTML file, which asks nothing of any other."""

from html import escape

from common.charts import Drawing, svg
from planning.reports.paper import LANGUAGE, Grid, Paper, Part

STYLE = """
body{font:16px/1.5 -apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;
color:#211e1a;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.75rem;margin:0}h2{font-size:1.25rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;margin:.5rem 0}caption{text-align:left;font-weight:600}
th,td{border-bottom:1px solid #e5e0d8;padding:.25rem .75rem .25rem 0;text-align:left}
figure{margin:1rem 0;break-inside:avoid}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}p{overflow-wrap:anywhere}
footer{margin-top:2rem;color:#59534a;font-size:.875rem}
"""


def write(paper: Paper) -> bytes:
    """Return a report as HTML; the same report gives the same bytes."""
    parts = "\n".join(_part(part) for part in paper.parts)
    return (
        f'<!doctype html>\n<html lang="{LANGUAGE}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(paper.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(paper.title)}</h1>\n<p>{escape(paper.lead)}</p>\n{parts}\n</main>\n"
        f"<footer><p>{escape(paper.foot)}</p></footer>\n</body>\n</html>\n"
    ).encode()


def _part(part: Part) -> str:
    said = [f"<p>{escape(words)}</p>" for words in part.paragraphs]
    facts = [_facts(part.facts)] if part.facts else []
    drawn = [_figure(each) for each in part.drawings]
    grids = [_grid(each) for each in part.grids]
    inside = "\n".join([*said, *facts, *drawn, *grids])
    return f"<section>\n<h2>{escape(part.title)}</h2>\n{inside}\n</section>"


def _facts(facts: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in facts
    )
    return f"<table>{rows}</table>"


def _figure(drawing: Drawing) -> str:
    image = svg.file(drawing).partition("\n")[2]
    image = image.replace("<svg ", '<svg role="img" ', 1)
    table = drawing.table
    told = (
        f"<details><summary>As a table</summary>{_grid(Grid('', table.columns, table.rows))}"
        "</details>"
        if table.rows
        else ""
    )
    caption = f"<figcaption><strong>{escape(drawing.title)}</strong></figcaption>"
    return f"<figure>{caption}{image}{told}</figure>"


def _grid(each: Grid) -> str:
    head = "".join(
        f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in each.columns
    )
    rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in each.rows)
    caption = f"<caption>{escape(each.caption)}</caption>" if each.caption else ""
    return (
        f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(row: tuple[str, ...]) -> list[str]:
    first, *others = row or ("",)
    return [f'<th scope="row">{escape(first)}</th>', *(f"<td>{escape(one)}</td>" for one in others)]
