"""Designs as TouchStone's design platform writes them and LightMill reads them.

Ids, names and the conditions that end a trial are kept as they came. What cannot be meant is
refused with its place; what one can live with becomes a warning.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from touchstone.decoding import decoded
from touchstone.design import (
    NOTHING,
    Block,
    Design,
    Factor,
    Instruction,
    Measure,
    Run,
    Trial,
    Value,
)
from touchstone.elements import Element, tree_of
from touchstone.rules import LONGEST, MOST_FACTORS, trouble_with_id, trouble_with_size
from touchstone.writing import write

__all__ = ["read", "write"]

BLOCKS = {"block", "practice"}
WRAPPERS = {"intertrial", "interblock"}
SETTINGS = {"setup", "unsetup"}
IN_RUN = BLOCKS | WRAPPERS | SETTINGS | {"trial"}
PARTS = ("factor", "measure", "run")
IS_DEFAULT = {"true", "1", "True", "yes", "Yes"}
MOST_WARNINGS = 100
LARGEST_NUMBER = 2**31 - 1


def read(document: bytes, charset: str = "") -> Design:
    """Return the design that a document holds.

    ``charset`` is what its sender said, asked last; see `touchstone.decoding`.
    """
    text, warning = decoded(document, charset)
    return Reader(tree_of(text), [warning] if warning else []).design()


class Reader:
    """Reads one document; remembers what it was warned of and which values it has met."""

    def __init__(self, root: Element, warnings: list[str]) -> None:
        self.root = root
        self.warnings = warnings
        self.known: dict[str, frozenset[str]] = {}
        self.seen: dict[str, Mapping[str, str]] = {"": NOTHING}
        self.around: dict[int, tuple[Instruction, ...]] = {}  # by what is directly around a block

    def design(self) -> Design:
        root = self.root
        if root.tag != "experiment":
            raise root.error(f"A design begins with <experiment>, not with <{root.tag}>.")
        code = self._id(root, "experiment")
        parts = self._parts()
        factors = tuple(map(self._factor, parts["factor"]))
        self.known = {one.id: frozenset(value.id for value in one.values) for one in factors}
        measures = tuple(map(self._measure, parts["measure"]))
        runs = tuple(map(self._run, parts["run"]))
        trials = sum(len(block.trials) for run in runs for block in run.blocks)
        if trouble := trouble_with_size(len(factors), trials):
            raise root.error(trouble)
        if not runs:
            self._warn(root, "The design plans no run. Add <run> elements, or extend it later.")
        words = {name: self._word(root, name) for name in ("name", "author", "description")}
        return Design(code, factors, measures, runs, **words, warnings=self._few_warnings())

    # --- parts ------------------------------------------------------------------------------------
    def _parts(self) -> dict[str, list[Element]]:
        """Return the factors, measures and runs; refuse them where nobody looks for them."""
        parts: dict[str, list[Element]] = {tag: [] for tag in PARTS}
        for child in self.root.children:
            if child.tag in parts:
                parts[child.tag].append(child)
            else:
                self._ignore(child)
        self._text(self.root)
        for tag, elements in parts.items():
            self._refuse_twins(tag, elements)
        if len(parts["factor"]) > MOST_FACTORS:
            message = f"More than {MOST_FACTORS} factors. Leave out those that are never varied."
            raise parts["factor"][MOST_FACTORS].error(message)
        return parts

    def _ignore(self, element: Element) -> None:
        """Warn of an element that means nothing here; what it hides may matter."""
        for inside, _ in [(element, ()), *element.walk()]:
            if inside.tag in {*PARTS, *IN_RUN}:
                place = "<experiment>" if inside.tag in PARTS else "a <run>"
                raise inside.error(
                    f"<{inside.tag}> stands where it is not read. Put it in {place}."
                )
        self._warn(element, f"<{element.tag}> means nothing here and was left out.")

    def _refuse_twins(self, what: str, elements: Iterable[Element]) -> None:
        first: dict[str, Element] = {}
        for element in elements:
            code = self._id(element, what)
            if code in first:
                where = f"line {first[code].line}"
                message = f"The {what} {code!r} is already in {where}. Give one another id."
                raise element.error(message)
            first[code] = element

    def _factor(self, element: Element) -> Factor:
        values = self._values_of(element)
        return Factor(
            element.get("id"),
            tuple(Value(one.get("id"), self._word(one, "name")) for one in values),
            **{name: self._word(element, name) for name in ("name", "kind", "type", "tag")},
            default=self._default(values),
        )

    def _values_of(self, factor: Element) -> list[Element]:
        values = [child for child in factor.children if child.tag == "value"]
        for child in factor.children:
            if child.tag != "value":
                self._ignore(child)
        self._refuse_twins("value", values)
        self._text(factor, *values)
        if not values:
            self._warn(factor, f"The factor {factor.get('id')!r} has no values.")
        return values

    def _default(self, values: Iterable[Element]) -> str:
        chosen = [value for value in values if self._is_default(value)]
        if len(chosen) > 1:
            first = chosen[0].get("id")
            message = f"{first!r} is the default already. A factor has one: remove the other."
            raise chosen[1].error(message)
        return chosen[0].get("id") if chosen else ""

    def _is_default(self, value: Element) -> bool:
        said = value.get("default")
        if said.strip().lower() in {"true", "yes"} and said not in IS_DEFAULT:
            self._warn(value, f'default="{said}" is not understood; write default="true".')
        return said in IS_DEFAULT

    def _measure(self, element: Element) -> Measure:
        code = element.get("id")
        agreed = [name.lower() for name, said in element.attributes.items() if _is_ok(said)]
        at_trial = any("log" in name for name in agreed)
        at_event = any("cine" in name for name in agreed)
        if not at_trial and not at_event:
            self._warn(
                element, f'The measure {code!r} has no level; it is taken as log="ok", in trials.'
            )
        for child in element.children:
            self._ignore(child)
        words = {name: self._word(element, name) for name in ("name", "type")}
        return Measure(code, **words, at_trial=at_trial or not at_event, at_event=at_event)

    # --- runs -------------------------------------------------------------------------------------
    def _run(self, element: Element) -> Run:
        blocks: list[Block] = []
        settings: list[Instruction] = []
        wrappers: list[Element] = []
        used: set[int] = set()
        self._text(element)
        for inside, around in element.walk():
            self._text(inside)
            if inside.tag in BLOCKS:
                blocks.append(self._block(inside, self._before(around)))
                used.update(map(id, around))
            elif inside.tag in SETTINGS:
                settings.append(_instruction(inside))
            elif inside.tag in WRAPPERS:
                wrappers.append(inside)
            else:
                self._other(inside, around)
        for wrapper in wrappers:
            if id(wrapper) not in used:
                self._warn(wrapper, f"<{wrapper.tag}> is around no block and was left out.")
        self._look_at(element, blocks)
        return Run(element.get("id"), tuple(blocks), tuple(settings))

    def _before(self, around: tuple[Element, ...]) -> tuple[Instruction, ...]:
        """Return the wrappers around a block; blocks side by side share them."""
        if not around:
            return ()
        key = id(around[-1])
        if key not in self.around:
            wrappers = (one for one in around if one.tag in WRAPPERS)
            self.around[key] = tuple(map(_instruction, wrappers))
        return self.around[key]

    def _look_at(self, element: Element, blocks: list[Block]) -> None:
        code = element.get("id")
        if not blocks:
            self._warn(element, f"The run {code!r} is empty; nobody can do it.")
        elif not any(block.trials for block in blocks):
            self._warn(element, f"The run {code!r} has no trials; nobody can do it.")
        if any(character in code for character in "/?#%\\"):
            self._warn(element, f"The id {code!r} does not fit into addresses of old clients.")

    def _other(self, element: Element, around: tuple[Element, ...]) -> None:
        tag = element.tag
        if tag in PARTS:
            raise element.error(f"<{tag}> stands inside a run. Put it directly in <experiment>.")
        if tag != "trial":
            self._warn(element, f"<{tag}> means nothing in a run and was left out.")
        elif not around or around[-1].tag not in BLOCKS:
            self._warn(element, "A trial outside of a block was left out. Put it in a <block>.")

    def _block(self, element: Element, before: tuple[Instruction, ...]) -> Block:
        trials = tuple(self._trial(one) for one in element.children if one.tag == "trial")
        if not trials:
            self._warn(element, f"This {element.tag} has no trials.")
        return Block(
            trials,
            self._pairs(element),
            is_practice=element.tag == "practice",
            number=self._number(element, "number"),
            total=self._number(element, "total"),
            name=element.get("class"),
            criterion_trial=element.get("criterionTrial"),
            before=before,
        )

    def _trial(self, element: Element) -> Trial:
        return Trial(self._pairs(element))

    def _pairs(self, element: Element) -> Mapping[str, str]:
        """Return the values that a block or trial names; each text of them is looked at once."""
        text = element.get("values")
        if text not in self.seen:
            self.seen[text] = MappingProxyType(dict(self._parsed(element, text)))
        return self.seen[text]

    def _parsed(self, element: Element, text: str) -> Iterator[tuple[str, str]]:
        named: set[str] = set()
        for item in filter(None, text.split(",")):
            factor, sign, value = item.partition("=")
            if not sign:
                raise element.error(f"{item!r} is no pair of factor and value. Write FACTOR=value.")
            self._check_pair(element, factor, value)
            if factor in named:
                self._warn(element, f"{factor} is named twice; the last value counts.")
            named.add(factor)
            yield factor, value

    def _check_pair(self, element: Element, factor: str, value: str) -> None:
        if factor not in self.known:
            known = _listed(self.known)
            message = f"There is no factor {factor!r}. Declare it, or use one of {known}."
            raise element.error(message)
        if value not in self.known[factor]:
            known = _listed(sorted(self.known[factor]))
            message = f"{factor} has no value {value!r}. Declare it, or use one of {known}."
            raise element.error(message)

    # --- attributes -------------------------------------------------------------------------------
    def _id(self, element: Element, what: str) -> str:
        code = element.get("id")
        trouble = trouble_with_id(what, code)
        if trouble:
            raise element.error(trouble)
        return code

    def _word(self, element: Element, name: str) -> str:
        text = element.get(name)
        longest = LONGEST.get(name)
        if longest and len(text) > longest:
            raise element.error(f"The {name} has {len(text)} characters; use at most {longest}.")
        return text

    def _number(self, element: Element, name: str) -> int | None:
        text = element.get(name).strip()
        if not text:
            return None
        if text.isascii() and text.isdecimal() and int(text[:20]) <= LARGEST_NUMBER:
            return int(text[:20])
        self._warn(element, f"{name}={text[:40]!r} is no number and was left out.")
        return None

    # --- warnings ---------------------------------------------------------------------------------
    def _text(self, *elements: Element) -> None:
        for element in elements:
            if element.text:
                where = f"Line {element.text[0]}: "
                self.warnings.append(f"{where}Text in <{element.tag}> was left out.")

    def _warn(self, element: Element, message: str) -> None:
        self.warnings.append(f"Line {element.line}: {message}")

    def _few_warnings(self) -> tuple[str, ...]:
        more = len(self.warnings) - MOST_WARNINGS
        rest = [f"… and {more} more of this kind."] if more > 0 else []
        return (*self.warnings[:MOST_WARNINGS], *rest)


def _is_ok(said: str) -> bool:
    return said.strip().lower() == "ok"


def _instruction(element: Element) -> Instruction:
    return Instruction(element.tag, element.get("class"), element.get("criterion"))


def _listed(names: Iterable[str], most: int = 8) -> str:
    names = [repr(name) for name in names]
    more = f" … ({len(names)} in all)" if len(names) > most else ""
    return (", ".join(names[:most]) or "nothing") + more
