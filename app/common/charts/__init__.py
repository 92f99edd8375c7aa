"""Charts that the server draws: one drawing for a page, for a file, and for a report on paper.

A chart answers one question. `lines`, `histogram`, `bars`, `heat` and `scatter` return a `Drawing`
of plain marks with the same numbers as a `Table`; `svg.page` and `svg.file` write it.
"""

from common.charts.bars import bars, histogram
from common.charts.guides import Guide
from common.charts.heat import heat
from common.charts.lines import Series, lines
from common.charts.marks import Drawing, Table
from common.charts.scatter import Point, scatter

__all__ = [
    "Drawing",
    "Guide",
    "Point",
    "Series",
    "Table",
    "bars",
    "heat",
    "histogram",
    "lines",
    "scatter",
]
