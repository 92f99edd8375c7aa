"""Long lists: counted up to a limit, because counting millions takes longer than showing fifty."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator

if TYPE_CHECKING:  # it takes no parameter when the program runs
    Pages = Paginator[Any]
else:
    Pages = Paginator

MOST = 10_000


class CappedPaginator(Pages):
    """Knows of ten thousand rows; a filter or a search leads to those behind them."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows) if isinstance(rows, list) else rows.order_by()[:MOST].count()
