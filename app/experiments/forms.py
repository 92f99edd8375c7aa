"""What a participant sends of a page: read item by item, each fault beside its item."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from experiments.definition.items import FILES, Item, Option
from experiments.errors import ForeignItem
from experiments.numbers import NotANumber, number
from runs.rows import Said, said, storable
from runs.services.forms import Given

SENT_AS = "item-"
Files: TypeAlias = Mapping[str, str]  # the names of files by their keys
PROGRAMS = "en"  # a slider writes numbers as programs do, with a point
ASKED = "asked"  # stands in a page that asks whether a blank is meant


class Refused(ValueError):
    """An answer that does not fit its item; the text is for the participant."""


@dataclass
class Field:
    """One item of a page with what was sent for it."""

    item: Item
    sent: list[str] = field(default_factory=list)
    declined: bool = False
    error: str = ""
    given: Given | None = None
    other_text: str = ""
    files: Files = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Return what the participant called the file that is there already."""
        return self.files.get(self.value, "")

    @property
    def name(self) -> str:
        return f"{SENT_AS}{self.item.name}"

    @property
    def decline_name(self) -> str:
        return f"decline-{self.item.name}"

    @property
    def other_name(self) -> str:
        return f"other-{self.item.name}"

    @property
    def value(self) -> str:
        return self.sent[0] if self.sent else ""

    @property
    def options(self) -> list[tuple[Option, bool]]:
        return [(option, str(option.code) in self.sent) for option in self.item.scale.options]

    @property
    def steps(self) -> str:
        step = self.item.scale.step
        return "any" if step is None else f"{step:g}"


def fields_of(items: Sequence[Item]) -> list[Field]:
    return [Field(item) for item in items]


def read(
    items: Sequence[Item],
    data: Any,
    files: Mapping[str, Files] | None = None,
    *,
    language: str = PROGRAMS,
) -> list[Field]:
    """Return the fields of a page as they were sent; ``data`` is a QueryDict.

    ``files`` are those that are there for each item: an answer names one of them. The language of
    the study says what a comma in a number is likely to mean.

    Raises
    ------
    ForeignItem
        It answers an item that the page does not have.
    """
    fields = fields_of(items)
    _need_own(fields, data)
    for each in fields:
        each.files = (files or {}).get(each.item.name, {})
    asked = data.get(ASKED) == "1"
    for each in fields:
        each.sent = [text for text in data.getlist(each.name) if text.strip()]
        each.declined = each.item.may_decline and each.decline_name in data
        _hear_other(each, data)
        try:
            each.given = _given(each, asked=asked, language=language)
        except Refused as error:
            each.error = str(error)
    return fields


def _need_own(fields: Sequence[Field], data: Any) -> None:
    own = {each.name for each in fields}
    for name in data:
        if name.startswith(SENT_AS) and name not in own:
            raise ForeignItem(name.removeprefix(SENT_AS))


def answers_of(fields: Sequence[Field]) -> list[Given]:
    """Return what is stored of a page: each answer, and each text that came with "other"."""
    found: list[Given] = []
    for each in fields:
        found += [each.given] if each.given else []
        if each.other_text and each.given and not each.given.said.missing:
            found.append(Given(said(each.item.other_name, each.other_text)))
    return found


def _hear_other(each: Field, data: Any) -> None:
    """Take the text of "other"; written without a choice it is the choice."""
    if each.item.other is None:
        return
    text = str(storable(data.get(each.other_name, ""))).strip()
    code = str(each.item.other.code)
    if text and (not each.sent or each.item.kind == "choices"):
        each.sent = [*dict.fromkeys([*each.sent, code])]
    each.other_text = text if code in each.sent else ""


def _need_other(each: Field) -> None:
    other = each.item.other
    if other is None or str(other.code) not in each.sent:
        return
    if not each.other_text and each.item.need != "optional":
        raise Refused(f"Please say what you mean by “{other.label}”.")
    if len(each.other_text) > each.item.longest:
        raise Refused(f"Please write at most {each.item.longest:,} characters.")


def _given(each: Field, *, asked: bool, language: str) -> Given:
    item = each.item
    if each.declined:
        return Given(Said(item.name, None, missing="declined"))
    if not each.sent:
        return _blank(item, asked=asked)
    _need_other(each)
    if item.kind in FILES:
        return _file(each)
    if item.kind == "number":
        return _number(item, each.sent, language)
    return READERS[item.kind](item, each.sent)


def _blank(item: Item, *, asked: bool) -> Given:
    if item.need == "required":
        raise Refused("Please answer this.")
    if item.need == "asked-once" and not asked:
        raise Refused("You have not answered this. Answer it, or continue to leave it blank.")
    return Given(Said(item.name, None, missing="skipped"))


def _choice(item: Item, sent: list[str]) -> Given:
    option = _option(item, sent[0])
    if option.is_missing:
        return Given(Said(item.name, option.code, missing="declined"), option.label)
    return Given(said(item.name, option.code), option.label)


def _choices(item: Item, sent: list[str]) -> Given:
    options = [_option(item, code) for code in dict.fromkeys(sent)]
    if len(options) > 1 and any(option.is_exclusive for option in options):
        alone = next(option for option in options if option.is_exclusive)
        raise Refused(f"“{alone.label}” cannot be chosen together with others.")
    labels = "; ".join(option.label for option in options)
    return Given(said(item.name, [option.code for option in options]), labels)


def _option(item: Item, code: str) -> Option:
    for option in item.scale.options:
        if str(option.code) == code:
            return option
    raise Refused("Please choose one of what is offered.")


def _number(item: Item, sent: list[str], language: str) -> Given:
    try:
        value = number(sent[0], language)
    except NotANumber as error:
        raise Refused(str(error)) from None
    scale = item.scale
    if scale.minimum is not None and value < scale.minimum:
        raise Refused(f"Please write a number of at least {scale.minimum:g}.")
    if scale.maximum is not None and value > scale.maximum:
        raise Refused(f"Please write a number of at most {scale.maximum:g}.")
    return Given(said(item.name, value), sent[0].strip())


def _slider(item: Item, sent: list[str]) -> Given:
    return _number(item, sent, PROGRAMS)


def _file(each: Field) -> Given:
    if not each.file_name:
        raise Refused("The file did not arrive. Please choose it again.")
    return Given(said(each.item.name, each.value), each.file_name)


def _text(item: Item, sent: list[str]) -> Given:
    text = str(storable(sent[0].replace("\r\n", "\n")))
    if len(text) > item.longest:
        raise Refused(f"Please write at most {item.longest:,} characters; these are {len(text):,}.")
    return Given(said(item.name, text))


READERS: Mapping[str, Callable[[Item, list[str]], Given]] = {
    "choice": _choice,
    "choices": _choices,
    "slider": _slider,
    "text": _text,
    "long-text": _text,
}
