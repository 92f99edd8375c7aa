"""Telling formats apart."""

import pytest
from tests.factories.touchstone import POINTING

from touchstone.formats import format_of, read


@pytest.mark.parametrize(
    ("document", "form"),
    [
        (POINTING.encode(), "xml"),
        (b"\xef\xbb\xbf" + POINTING.encode(), "xml"),
        (POINTING.encode("utf-16"), "xml"),
        (b"<experiment id='\xe9'/>", "xml"),
        (b"<!-- a remark -->", "xml"),
        (b" < 2 * Fix(A={a},1)>", "tsl"),
        (b"<Between(A={a},1)>", "tsl"),
        (b"<Day-1 = Fix(A={a},1)>", "tsl"),
        (b"Participant,A\n1,x\n", "csv"),
        (b"", "csv"),
    ],
)
def test_a_format_is_told_by_how_a_document_begins(document, form):
    assert format_of(document) == form


def test_each_format_is_read():
    assert read(POINTING.encode()).id == "pointing"
    assert read(b"<Fix(A={a},1)>", code="t", participants=2).id == "t"
    assert read(b"Participant,A\n1,x\n", code="c").id == "c"
