"""Every template keeps the rules of the house; they are read as text, and need no database."""

import re
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "app"
TEMPLATES = sorted(APP.rglob("templates/**/*.html"))
SOURCES = sorted(APP.rglob("*.py"))
SHEETS = sorted((APP / "static" / "css").glob("*.css"))

SYMBOLS = set(re.findall(r'<symbol id="([\w-]+)"', (APP / "static" / "icons.svg").read_text()))
BEHAVIOURS = {file.stem for file in (APP / "static/js/behaviours").glob("*.js")} - {"index"}
NAMED = re.compile(r'\{% icon "([\w-]+)"')
ASKED = re.compile(r'data-behaviour="([\w -]+)"')
INLINE = re.compile(r'<style|\sstyle=|\son\w+="|<script(?![^>]*\ssrc=)|javascript:|https?://')


@pytest.fixture(params=TEMPLATES, ids=lambda path: str(path.relative_to(APP)))
def template(request):
    return request.param.read_text()


def test_its_symbols_are_in_the_sprite(template):
    assert set(NAMED.findall(template)) - SYMBOLS == set()


def test_its_behaviours_exist(template):
    asked = {name for names in ASKED.findall(template) for name in names.split()}
    assert asked - BEHAVIOURS == set()


def test_it_brings_no_script_style_or_address_of_its_own(template):
    assert INLINE.findall(template) == []


def test_the_symbols_that_code_names_are_in_the_sprite():
    named = {name for file in SOURCES for name in re.findall(r'icon="([\w-]+)"', file.read_text())}
    assert named
    assert named - SYMBOLS == set()


def test_every_behaviour_is_connected():
    index = (APP / "static/js/behaviours/index.js").read_text()
    assert {name for name in BEHAVIOURS if f'"./{name}.js"' not in index} == set()


def test_colours_are_named_in_the_tokens_alone():
    colours = re.compile(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(")
    others = [sheet for sheet in SHEETS if sheet.name != "tokens.css"]
    assert {sheet.name for sheet in others if colours.search(sheet.read_text())} == set()


def test_every_token_that_a_component_uses_exists():
    tokens = set(re.findall(r"(--[\w-]+):", "".join(sheet.read_text() for sheet in SHEETS)))
    used = {name for sheet in SHEETS for name in re.findall(r"var\((--[\w-]+)", sheet.read_text())}
    assert used - tokens == set()


def test_a_component_has_one_short_file():
    long = [sheet.name for sheet in SHEETS if len(sheet.read_text().splitlines()) > 160]
    assert long == []


def test_both_ways_to_darkness_have_the_same_values():
    text = (APP / "static/css/tokens.css").read_text()
    chosen = re.search(r':root\[data-theme="dark"\] \{(.*?)\n\}', text, re.DOTALL)
    device = re.search(r":root:is\(\[data-theme=\"system\".*?\{(.*?)\n  \}", text, re.DOTALL)
    assert chosen[1].split() == device[1].split()


def test_the_lock_file_names_no_registry():
    assert "http" not in (APP.parent / "package-lock.json").read_text()
