"""What a written number means, and which ones are asked about."""

import pytest

from experiments.numbers import NotANumber, number

IN_ANY_LANGUAGE = [
    ("5", 5), ("-5", -5), ("+5", 5), ("\u22125", -5), ("007", 7),
    ("5.5", 5.5), ("5,5", 5.5), ("-1,25", -1.25), (".5", 0.5), (",5", 0.5), ("5,", 5),
    ("0.125", 0.125), ("0,125", 0.125), ("1,2345", 1.2345), ("1234,567", 1234.567),
    ("1 000", 1000), ("12\u202f345\u202f678", 12345678), ("1\u00a0000,5", 1000.5),
    ("1'000.5", 1000.5),
    ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("1,234.567", 1234.567), ("1,234,567", 1234567),
    ("1.234.567", 1234567), ("1.234.567,8", 1234567.8), ("1e3", 1000), ("2.5E-1", 0.25),
    ("\uff11\uff0c\uff15", 1.5), ("\u0665\u066b\u0665", 5.5), (" 7 ", 7),
]  # fmt: skip
NONE = ["", "abc", "1_000", "inf", "nan", "--5", "1 5", "1 00", "5 %", "\u00b2", "0x10", "1e999",
        "1e9999", "1" * 41, ",", ".", "-", "1,2e", "5\x00"]  # fmt: skip
UNCLEAR = ["1,23,4", "1.2.3", "1,234.567.8", "1.234,567,8", "1,000,", "12,34.5"]


@pytest.mark.parametrize("language", ["en", "de", "", "pt-BR"])
@pytest.mark.parametrize(("text", "meant"), IN_ANY_LANGUAGE)
def test_a_number_that_can_only_mean_one_thing_is_read_in_any_language(text, meant, language):
    assert number(text, language) == meant


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [("1.000", "en", 1), ("1.250", "en-GB", 1.25), ("1,250", "de", 1.25), ("12,000", "fr", 12),
     ("-1,250", "de_AT", -1.25), ("1.250", "de-CH", 1.25), ("1.250", "es-MX", 1.25),
     ("1.250", "", 1.25)],
)  # fmt: skip
def test_the_sign_of_the_language_stands_before_a_fraction(text, language, meant):
    assert number(text, language) == meant


@pytest.mark.parametrize(
    ("text", "language", "offered"),
    [("1,000", "en", "1000 or 1.000"), ("-12,500", "en-US", "-12500 or -12.500"),
     ("1.000", "de", "1000 or 1,000"), ("1,000", "de-CH", "1000 or 1.000"),
     ("1,000", "", "1000 or 1.000"), ("999.999", "fr", "999999 or 999,999")],
)  # fmt: skip
def test_what_may_be_thousands_or_a_fraction_is_asked_about(text, language, offered):
    with pytest.raises(NotANumber, match=f"two ways. Please write {offered}"):
        number(text, language)


@pytest.mark.parametrize("text", ["1,000", "1.000", "-12,500", "999.999"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_both_numbers_that_a_question_offers_are_taken(text, language):
    try:
        number(text, language)
    except NotANumber as question:
        whole, fraction = str(question).rstrip(".").partition("write ")[2].split(" or ")
        assert abs(number(whole, language)) == 1000 * abs(number(fraction, language))


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(NotANumber, match=r"^Please write a number\.$"):
        number(text)


@pytest.mark.parametrize("text", UNCLEAR)
def test_signs_that_part_nothing_are_refused_with_what_to_write(text):
    with pytest.raises(NotANumber, match="one point or comma at most"):
        number(text)
