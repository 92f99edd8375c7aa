"""XML as a tree of elements that know where they stand.

Expat by hand, for its positions: every refusal names a line and a column. A document type
declaration is refused outright, so there are no entities to expand and nothing to fetch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from touchstone.errors import DesignError

DEEPEST = 64  # elements inside each other; the design platform needs six
MOST = 300_000  # elements; thirty times the largest design we have seen
REMEDIES = {
    "no element found": "The document is empty or was cut off. Export the design again.",
    "unclosed token": "The document was cut off in the middle of a tag. Export the design again.",
    "mismatched tag": "Each element has to be closed before the one around it.",
    "undefined entity": "Write the character itself; only &lt; &gt; &amp; &quot; &apos; are known.",
    "not well-formed (invalid token)": "Write < as &lt; and & as &amp; and quote each attribute.",
    "duplicate attribute": "Leave one of the two attributes out.",
    "junk after document element": "A design has one outermost element; remove what follows it.",
}


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str]
    line: int
    column: int
    text: tuple[int, int] | None = None  # where text stands that is no white space
    children: "list[Element]" = field(default_factory=list)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def error(self, message: str) -> DesignError:
        return DesignError(message, self.line, self.column)

    def walk(self) -> Iterator[tuple["Element", tuple["Element", ...]]]:
        """Yield the elements inside with what is around each, in the order of the document."""
        waiting: list[tuple[Element, tuple[Element, ...]]]
        waiting = [(child, ()) for child in reversed(self.children)]
        while waiting:
            element, path = waiting.pop()
            yield element, path
            around = (*path, element) if element.children else path
            waiting += [(child, around) for child in reversed(element.children)]


class Reader:
    """Builds the tree while expat reads."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.open: list[Element] = []
        self.root = Element("", {}, 1, 1)  # until there is one; expat refuses to end without
        self.count = 0

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parser = self.parser
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        element = Element(tag, attributes, line, column)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self._limit(element)

    def _limit(self, element: Element) -> None:
        self.count += 1
        if len(self.open) > DEEPEST:
            raise element.error(f"More than {DEEPEST} elements inside each other. Nest them less.")
        if self.count > MOST:
            raise element.error(f"More than {MOST:,} elements. Leave runs out and add them later.")

    def _end(self, _tag: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        if not text.isspace() and self.open[-1].text is None:
            parser = self.parser
            self.open[-1].text = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    def _refuse(self, *_facts: object) -> None:
        parser = self.parser
        message = "A document type or an entity is declared here, which is never read. Remove it."
        raise DesignError(message, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)


def tree_of(text: str) -> Element:
    """Return the outermost element of a document."""
    reader = Reader()
    try:
        reader.parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        raise _explained(error) from error
    return reader.root


def _explained(error: expat.ExpatError) -> DesignError:
    reason = expat.errors.messages.get(error.code, "not well-formed")
    remedy = REMEDIES.get(reason, "Correct the XML there, or export the design again.")
    return DesignError(f"This is no XML ({reason}). {remedy}", error.lineno, error.offset + 1)
