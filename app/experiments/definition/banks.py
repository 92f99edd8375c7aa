"""Banks: items, scales and pages that several protocols share, each by a revision that it pins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.definition.items import Item, Scale, read_item, read_scale
from experiments.definition.pages import Page, read_page
from experiments.definition.reading import HEXADECIMAL, Place, digest_of, place_of

FORMAT = "studium-bank/1"


@dataclass(frozen=True)
class Bank:
    """What a bank says. Its pages hold its own items alone, so it means the same anywhere."""

    name: str
    title: str = ""
    scales: Mapping[str, Scale] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.words)


def read_bank(words: Any) -> Bank:
    """Return the bank that a JSON document describes.

    Raises
    ------
    NotAProtocol
        It names the place in the document and what is wrong there.
    """
    return _read(place_of(words))


def _read(place: Place) -> Bank:
    if place.take("format") != FORMAT:
        raise place.fault("format", f"Write {FORMAT!r}; other formats are not known.")
    scales = place.table("scales", read_scale)
    bank = Bank(
        name=place.word("name"),
        title=place.text("title", "", longest=255),
        scales=scales,
        items=place.table("items", lambda name, inner: read_item(name, inner, scales)),
        pages=place.table("pages", read_page),
        words=place.words,
    )
    place.done()
    have_items(bank.pages, bank.items, place)
    return bank


def have_items(pages: Mapping[str, Page], items: Mapping[str, Item], place: Place) -> None:
    """Refuse pages whose items are not there."""
    for page in pages.values():
        for item in page.items:
            if item not in items:
                raise place.fault(f"pages.{page.name}.items", f"There is no item {item!r}.")
        if len(set(page.items)) < len(page.items):
            raise place.fault(f"pages.{page.name}.items", "An item stands on a page once.")


def read_pinned(name: str, place: Place) -> Bank:
    """Return the bank that a protocol pins; its words are in the document itself."""
    pin, inner = place.text("digest", "", longest=64), place.part("words")
    place.take("revision")  # where it was found, the digest stands in its place
    place.done()
    if inner is None or not HEXADECIMAL.fullmatch(pin):
        raise place.fault("words", "The project has no bank of this name and revision.")
    bank = _read(inner)
    if bank.digest != pin:
        raise place.fault("digest", "This is not the hash of what the bank says.")
    if bank.name != name:
        raise place.fault("words.name", f"The bank is called {bank.name!r}.")
    return bank


def joined(
    what: str, own: Mapping[str, Any], banks: Mapping[str, Bank], place: Place
) -> dict[str, Any]:
    """Return what a protocol says of one kind and what its banks say; a name means one thing."""
    found, told_by = dict(own), dict.fromkeys(own, "")
    of_bank: Callable[[Bank], Mapping[str, Any]] = lambda bank: getattr(bank, what)  # noqa: E731
    for bank in banks.values():
        for name, thing in of_bank(bank).items():
            if name in told_by:
                other = f"the bank {told_by[name]!r}" if told_by[name] else "the protocol"
                raise place.fault(
                    f"banks.{bank.name}", f"Its {what} and those of {other} both have {name!r}."
                )
            found[name], told_by[name] = thing, bank.name
    return found
