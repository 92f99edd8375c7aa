"""Pages: items in their order, with words around them."""

from dataclasses import dataclass

from experiments.definition.items import ORDERS
from experiments.definition.reading import Place


@dataclass(frozen=True)
class Page:
    """A heading, items in their order, and words before and after them (Markdown)."""

    name: str
    items: tuple[str, ...]
    title: str = ""
    header: str = ""
    footer: str = ""
    order: str = "fixed"


def read_page(name: str, place: Place) -> Page:
    page = Page(
        name=name,
        items=place.names("items"),
        title=place.text("title", "", longest=255),
        header=place.text("header", ""),
        footer=place.text("footer", ""),
        order=place.one_of("order", ORDERS, "fixed"),
    )
    place.done()
    return page
