"""Markdown on participants' pages: shown well, and nothing of it runs, loads or leads astray."""

import pytest

from experiments.templatetags.participant import markdown, phrase, plain


def test_what_authors_write_is_shown():
    assert markdown("**Do** read\nthis.") == "<p><strong>Do</strong> read<br />\nthis.</p>\n"
    assert "<li>one</li>" in markdown("- one\n- two")
    assert "<td>1</td>" in markdown("| a |\n|---|\n| 1 |")
    assert phrase("How *loud*?") == "How <em>loud</em>?"


def test_headings_stand_below_that_of_the_page():
    assert markdown("# Who we are") == "<h2>Who we are</h2>\n"


def test_a_link_opens_beside_the_study_and_tells_nothing_of_it():
    shown = markdown("[the lab](https://lab.example/)")
    assert 'target="_blank"' in shown
    assert 'rel="noopener noreferrer"' in shown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[go](javascript:alert(1))",
        "[go](data:text/html,x)",
        "![pixel](https://tracker.example/p.png)",
        '<https://a.example/"onclick=alert(1)>',
        '[x](<https://a.example/" onmouseover="alert(1)>)',
        "a\n\n    <iframe>",
    ],
)  # fmt: skip
def test_nothing_in_a_text_runs_or_loads(text):
    for shown in (markdown(text), phrase(text)):
        lowered = shown.lower()
        for word in ("<script", "<img", "<iframe", 'href="javascript', 'href="data', ' onclick="',
                     ' onmouseover="'):  # fmt: skip
            assert word not in lowered


@pytest.mark.parametrize("text", ["a *b*", "<b>x</b> & 1 < 2", "[go](https://a.example/?a=1&b=2)"])
def test_without_its_markup_a_text_is_only_words(text):
    shown = plain(text)
    assert "<" not in shown
    assert "</" not in shown


def test_depth_without_end_ends():
    assert len(markdown("> " * 5000 + "x")) < 100_000
    assert markdown("[" * 5000)
