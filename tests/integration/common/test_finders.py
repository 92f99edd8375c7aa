"""Browser libraries: the files of the list, and no others."""

import pytest
from django.contrib.staticfiles import finders

from common.finders import BrowserLibraryMissing, NpmFinder


@pytest.fixture
def libraries(tmp_path, settings):
    (tmp_path / "left" / "dist").mkdir(parents=True)
    (tmp_path / "left" / "dist" / "left.js").write_text("export const left = 1;")
    (tmp_path / "left" / "secret.js").write_text("never served")
    settings.BROWSER_LIBRARIES = tmp_path
    settings.NPM_FILES = {"vendor/left.js": "left/dist/left.js"}
    return tmp_path


def test_a_listed_file_is_found_by_its_public_name(libraries):
    assert NpmFinder().find("vendor/left.js") == str(libraries / "left" / "dist" / "left.js")


@pytest.mark.parametrize(
    "name", ["left/secret.js", "vendor/secret.js", "vendor/../left/secret.js", "left/dist/left.js"]
)
def test_an_unlisted_file_is_not_found(libraries, name):
    assert NpmFinder().find(name) == []


def test_only_the_list_is_collected(libraries):
    assert [name for name, _ in NpmFinder().list([])] == ["vendor/left.js"]


def test_a_missing_package_names_the_remedy(libraries, settings):
    settings.NPM_FILES = {"vendor/gone.js": "gone/gone.js"}
    with pytest.raises(BrowserLibraryMissing, match="npm ci"):
        NpmFinder().find("vendor/gone.js")


def test_a_missing_package_is_said_by_the_checks(libraries, settings):
    settings.NPM_FILES = {"vendor/gone.js": "gone/gone.js"}
    assert [warning.id for warning in NpmFinder().check()] == ["common.W001"]


def test_the_site_serves_htmx_and_nothing_else_of_its_package():
    assert finders.find("vendor/htmx.min.js")
    assert finders.find("htmx.org/dist/htmx.js") is None
