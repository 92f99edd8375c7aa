"""Markdown: shown as meant, without a way for markup of its own."""

import re

import pytest

from lab.markdown import rendered


def test_emphasis_and_lists_become_html():
    assert rendered("*Mind* it\n\n- one") == (
        "<p><em>Mind</em> it</p>\n<ul>\n<li>one</li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[go](javascript:alert(1))",
        "[go](JaVaScRiPt:alert(1))",
        "[go](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://elsewhere.example/track.png)",
        "<a href='x' onclick='y'>z</a>",
        "[a](https://x.example \"' onmouseover='y\")",
        "```\n</code><script>1</script>\n```",
        "&#x3C;script&#x3E;",
    ],
)
def test_no_markup_gets_out(text):
    for tag, attributes in re.findall(r"<(/?\w+)([^>]*)>", rendered(text)):
        assert tag.strip("/") in {"p", "a", "em", "code", "pre"}
        assert re.fullmatch(r'( href="https?://[^"]*"| title="[^"]*")*', attributes)
