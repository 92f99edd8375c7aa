"""Texts and fields on participants' pages."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby

from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from experiments.definition.arrangement import matrix_of
from experiments.definition.items import Item, Option
from experiments.forms import Field

register = template.Library()
HEADINGS = {f"h{level}": f"h{min(level + 1, 6)}" for level in range(1, 7)}
MARKUP = re.compile(r"<[^>]*>")


@cache
def _reader() -> MarkdownIt:
    """Return a reader that shows HTML as text, loads no pictures, and leads nowhere by script."""
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    return reader.disable("image").enable(["table", "strikethrough"])


def _fitted(tokens: Sequence[Token]) -> list[Token]:
    """Put headings below the page's own, and let links open beside the study."""
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
        if token.type == "link_open":
            token.attrs |= {"target": "_blank", "rel": "noopener noreferrer"}
        _fitted(token.children or [])
    return list(tokens)


@register.filter
@lru_cache(maxsize=1024)
def markdown(text: str) -> SafeString:
    """Return a text as HTML."""
    reader = _reader()
    shown = reader.renderer.render(_fitted(reader.parse(text)), reader.options, {})
    return mark_safe(str(shown))  # noqa: S308  the reader escapes all markup


@register.filter
@lru_cache(maxsize=4096)
def phrase(text: str) -> SafeString:
    """Return a question or an option as HTML, without paragraphs."""
    reader = _reader()
    shown = reader.renderer.render(_fitted(reader.parseInline(text)), reader.options, {})
    return mark_safe(str(shown))  # noqa: S308  the reader escapes all markup


@register.filter
def plain(text: str) -> SafeString:
    """Return a question without its markup, for where only words fit."""
    return mark_safe(MARKUP.sub("", phrase(text)))  # noqa: S308  escaped, without the tags


@register.filter
def grouped(fields: Sequence[Field] | None) -> list[tuple[tuple[Option, ...], list[Field]]]:
    """Return fields as they stand: those of one matrix with its columns, each other one alone."""
    found: list[tuple[tuple[Option, ...], list[Field]]] = []
    for columns, rows in groupby(fields or (), lambda each: matrix_of(each.item)):
        together = list(rows)
        if columns and len(together) > 1:
            found.append((columns, together))
        else:
            found += [((), [each]) for each in together]
    return found


@register.filter
def has_kind(fields: Sequence[Field] | None, kinds: str) -> bool:
    """Say whether a page asks something of one of the kinds, so that it brings what they need."""
    return any(each.item.kind in kinds.split() for each in fields or ())


ACCEPTED = {
    "image": "image/*",
    "audio": "audio/*",
    "video": "video/*",
    "pdf": "application/pdf,.pdf",
    "text": "text/plain,.txt,.csv",
    "zip": ".zip,.docx,.xlsx,.odt,.ods",
}


@register.filter
def accepted(item: Item) -> str:
    """Return what a browser offers to choose; what comes is looked at whatever was offered."""
    return ",".join(ACCEPTED[kind] for kind in item.accepts)
