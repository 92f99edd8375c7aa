"""Numbers as people write them: a separator that can be read in two ways is asked about."""

import math
import re
import unicodedata

# Languages in which a comma stands before the fraction, so that a point may part thousands.
COMMA_BEFORE_FRACTION = frozenset({
    "af", "az", "be", "bg", "bs", "ca", "cs", "da", "de", "el", "es", "et", "eu", "fi", "fo", "fr",
    "gl", "hr", "hu", "hy", "id", "is", "it", "ka", "kk", "ky", "lt", "lv", "mk", "mn", "nb", "nl",
    "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk", "uz", "vi",
})  # fmt: skip
POINT_BEFORE_FRACTION = frozenset({"de-ch", "de-li", "es-mx", "es-us", "it-ch"})
LONGEST = 40
POINT, COMMA = ".", ","
SAME = {"\N{MINUS SIGN}": "-", "\N{FULLWIDTH COMMA}": COMMA, "\N{FULLWIDTH FULL STOP}": POINT,
        "\N{ARABIC DECIMAL SEPARATOR}": POINT, "\N{RIGHT SINGLE QUOTATION MARK}": "'"}  # fmt: skip
SPACES = re.compile(r"(?<=\d)[\s'](?=\d{3}(?!\d))")  # parts thousands and nothing else
SPACED = re.compile(r"[+-]?\d{1,3}([\s']\d{3})+(?!\d)")
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:([.,])\d{3})+")
ONCE = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # thousands, or three digits of a fraction


class NotANumber(ValueError):
    """The text says what to write instead; it is for the participant."""

    def __init__(self, text: str = "Please write a number.") -> None:
        super().__init__(text)


def number(text: str, language: str = "en") -> int | float:
    """Return the number that a text can only mean.

    A point stands before a fraction where the language has it so; so does a comma. The other one,
    with three digits behind it, may part thousands as well, and is asked about: 1,000 in an
    English study is a thousand to some and one to others.

    Raises
    ------
    NotANumber
        It is none, or it could be two.
    """
    plain = _joined(_folded(text))
    if ONCE.fullmatch(plain) and _mark(language) not in plain:
        raise NotANumber(_which(plain, language))
    found = float(_with_point(plain))
    if not math.isfinite(found):
        raise NotANumber
    return int(found) if found.is_integer() else found


def _folded(text: str) -> str:
    """Return a text with the signs and digits that programs use."""
    if len(text) > LONGEST:
        raise NotANumber
    return "".join(SAME.get(each) or _digit(each) for each in text.strip())


def _digit(sign: str) -> str:
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)


def _joined(text: str) -> str:
    """Join thousands that are parted by spaces or apostrophes, which part nothing else."""
    return SPACES.sub("", text) if SPACED.match(text) else text


def _mark(language: str) -> str:
    spoken = language.lower().replace("_", "-")
    has_comma = spoken.partition("-")[0] in COMMA_BEFORE_FRACTION
    return COMMA if has_comma and spoken not in POINT_BEFORE_FRACTION else POINT


def _with_point(text: str) -> str:
    """Return a number as programs write it; of two kinds of signs the last stands before the rest.

    Raises
    ------
    NotANumber
        It is none.
    """
    last = max(text.rfind(POINT), text.rfind(COMMA))
    whole, rest = (text[:last], text[last:]) if last >= 0 else (text, "")
    if GROUPS.fullmatch(text) and text.count(text[last]) > 1:
        whole, rest = text, ""  # the same sign more than once: it parts thousands
    if POINT in whole or COMMA in whole:
        groups = GROUPS.fullmatch(whole)
        if not groups or len({each for each in whole if each in ".,"}) > 1 or groups[1] in rest:
            raise NotANumber(_unclear(text))
        whole = whole.replace(groups[1], "")
    plain = whole + rest.replace(COMMA, POINT)
    if not PLAIN.fullmatch(plain):
        raise NotANumber
    return plain


def _unclear(text: str) -> str:
    if not re.fullmatch(r"[+-]?[\d.,]+", text):
        return str(NotANumber())
    return "Please write the number with one point or comma at most, before its fraction."


def _which(text: str, language: str) -> str:
    """Ask which of two numbers is meant, and say how each is written."""
    mark, whole = _mark(language), re.sub("[.,]", "", text)
    fraction = re.sub("[.,]", mark, text)
    return f"“{text}” can be read in two ways. Please write {whole} or {fraction}."
