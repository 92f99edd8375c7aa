"""The grammar of TSL, Touchstone2's language: text to a tree and back.

Eiselmayer, A., Wacharamanotham, C., Beaudouin-Lafon, M., & Mackay, W. E. (2019). Touchstone2: An
interactive environment for exploring trade-offs in HCI experiment design. CHI '19, paper 217.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from touchstone.errors import DesignError

STRATEGIES = ("Between", "Fix", "Random", "Complete", "Latin")
DEEPEST = 12  # designs inside each other
MOST_REPETITIONS = 100_000
MOST_PARTS = 1000  # with each Same counted as what it stands for
MOST_SESSIONS = 200
LONGEST_TEXT = 100_000  # characters
TOKEN = re.compile(r"(?P<space>\s+)|(?P<word>[A-Za-z0-9_-]+)|(?P<sign>[<>(){},=*])")
PLACEHOLDER = re.compile(r"_([1-9][0-9]?)_")
SAME = "Same"


@dataclass(frozen=True)
class Variable:
    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One strategy over crossed variables, with what is done inside each condition."""

    strategy: str
    variables: tuple[Variable, ...]
    replications: int = 1
    is_serial: bool = False
    inside: "tuple[Part, ...]" = ()  # several of them are crossed
    size: int = field(default=1, compare=False)  # parts in all, this one too

    @property
    def placeholders(self) -> bool:
        levels = (level for variable in self.variables for level in variable.levels)
        return any(PLACEHOLDER.fullmatch(level) for level in levels)


@dataclass(frozen=True)
class Session:
    parts: tuple[Part, ...]
    name: str = ""
    repetitions: int = 1


@dataclass(frozen=True)
class Token:
    text: str
    line: int
    column: int

    def error(self, message: str) -> DesignError:
        return DesignError(message, self.line, self.column)


def parse(text: str) -> tuple[Session, ...]:
    """Return the sessions that a text describes."""
    if len(text) > LONGEST_TEXT:
        raise DesignError(f"More than {LONGEST_TEXT:,} characters. Describe less at a time.")
    return Parser(_tokens(text)).sessions()


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position, line, start = 0, 1, 0
    while position < len(text):
        match = TOKEN.match(text, position)
        column = position - start + 1
        if not match:
            message = f"{text[position]!r} is no part of TSL. Names have letters, digits, - and _."
            raise DesignError(message, line, column)
        if match.lastgroup != "space":
            found.append(Token(match[0], line, column))
        elif breaks := match[0].count("\n"):
            line, start = line + breaks, position + match[0].rindex("\n") + 1
        position = match.end()
    found.append(Token("", line, position - start + 1))
    return found


class Parser:
    """Reads from left to right; each method reads what it is named after."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    def sessions(self) -> tuple[Session, ...]:
        self._need("<")
        found = [self._session(())]
        while self._take(","):
            here = self._here
            found.append(self._session(found[-1].parts))
            if len(found) > MOST_SESSIONS:
                raise here.error(f"More than {MOST_SESSIONS} sessions. Repeat one: 3 * Same.")
        self._need(">")
        if self._here.text:
            raise self._here.error("A design ends with its >. Remove what follows.")
        return tuple(found)

    def _session(self, before: tuple[Part, ...]) -> Session:
        repetitions, name = 1, ""
        if self._next.text == "*":
            repetitions = self._number()
            self._need("*")
        if self._next.text == "=":
            name = self._word("a session's name")
            self._need("=")
        if self._here.text == SAME:
            return Session(self._same(before, "session"), name, repetitions)
        if self._here.text == "Between":
            return Session((self._part(1),), name, repetitions)
        return Session(self._crossed(1, ()), name, repetitions)

    def _crossed(self, depth: int, before: Sequence[Part]) -> tuple[Part, ...]:
        """Read parts with x between them; Same stands for what stood there before."""
        parts: list[Part] = []
        while True:
            here, neighbour = self._here, parts[-1:] or list(before)
            if self._here.text == SAME:
                parts += self._same(tuple(neighbour), "part")
            else:
                parts.append(self._extended(depth, neighbour))
            if sum(part.size for part in parts) > MOST_PARTS:
                raise here.error(f"More than {MOST_PARTS:,} strategies. Describe less at a time.")
            if not self._take("x"):
                return tuple(parts)

    def _same(self, before: tuple[Part, ...], what: str) -> tuple[Part, ...]:
        here = self._here
        self.place += 1
        if not before:
            raise here.error(f"Same repeats the {what} before it, and there is none.")
        return before

    def _extended(self, depth: int, before: Sequence[Part]) -> Part:
        if not self._take("Serial"):
            return self._part(depth, before)
        self._need("(")
        part = self._part(depth, before)
        self._need(")")
        return replace(part, is_serial=True)

    def _part(self, depth: int, before: Sequence[Part] = ()) -> Part:
        here, strategy = self._here, self._word("a strategy")
        if strategy not in STRATEGIES:
            raise here.error(f"{strategy!r} is no strategy. Use one of {', '.join(STRATEGIES)}.")
        if strategy == "Between" and depth > 1:
            raise here.error("Between stands outermost. Put it around the other strategies.")
        if depth > DEEPEST:
            raise here.error(f"More than {DEEPEST} strategies inside each other. Nest them less.")
        self._need("(")
        variables = self._variables()
        self._need(",")
        replications = self._number()
        inside = before[0].inside if before else ()
        inner = self._crossed(depth + 1, inside) if self._take(",") else ()
        self._need(")")
        size = 1 + sum(part.size for part in inner)
        return Part(strategy, variables, replications, inside=inner, size=size)

    def _variables(self) -> tuple[Variable, ...]:
        found = [self._variable()]
        while self._take("x"):
            found.append(self._variable())
        return tuple(found)

    def _variable(self) -> Variable:
        name = self._word("a variable's name")
        self._need("=")
        self._need("{")
        here, levels = self._here, [self._word("a level")]
        while self._take(","):
            levels.append(self._word("a level"))
        self._need("}")
        if len(set(levels)) < len(levels):
            raise here.error(f"{name} has a level twice. Name each once.")
        return Variable(name, tuple(levels))

    # --- tokens -----------------------------------------------------------------------------------
    @property
    def _here(self) -> Token:
        return self.tokens[self.place]

    @property
    def _next(self) -> Token:
        return self.tokens[min(self.place + 1, len(self.tokens) - 1)]

    def _take(self, text: str) -> bool:
        is_there = self._here.text == text
        self.place += is_there
        return is_there

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(repr(text))

    def _word(self, what: str) -> str:
        text = self._here.text
        if not text or text in "<>(){},=*":
            raise self._unexpected(what)
        self.place += 1
        return text

    def _number(self) -> int:
        here, text = self._here, self._word("a number")
        if not re.fullmatch(r"[1-9][0-9]{0,6}", text) or int(text) > MOST_REPETITIONS:
            raise here.error(f"{text!r} is no number from 1 to {MOST_REPETITIONS:,}.")
        return int(text)

    def _unexpected(self, wanted: str) -> DesignError:
        found = repr(self._here.text) if self._here.text else "the end"
        return self._here.error(f"{wanted} is wanted here, not {found}.")


# --- text -----------------------------------------------------------------------------------------
def text_of(sessions: Sequence[Session]) -> str:
    """Return sessions as a text that `parse` reads as the same."""
    return f"< {', '.join(map(_session, sessions))} >"


def _session(session: Session) -> str:
    times = f"{session.repetitions} * " if session.repetitions > 1 else ""
    name = f"{session.name} = " if session.name else ""
    return times + name + _parts(session.parts)


def _parts(parts: Sequence[Part]) -> str:
    return " x ".join(map(_part, parts))


def _part(part: Part) -> str:
    variables = " x ".join(f"{one.name} = {{{', '.join(one.levels)}}}" for one in part.variables)
    inside = f", {_parts(part.inside)}" if part.inside else ""
    text = f"{part.strategy}({variables}, {part.replications}{inside})"
    return f"Serial({text})" if part.is_serial else text
