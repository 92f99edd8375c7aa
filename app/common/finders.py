"""Publish the browser libraries that npm installed: the files of a list, and no others.

`settings.NPM_FILES` maps the address under ``/static/`` to the file under
`settings.BROWSER_LIBRARIES` (a ``node_modules`` folder, addressed on servers by the lock file).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

REMEDY = "Run `npm ci` in the project's folder; `make up` and a release do it by themselves."

Messages = list[checks.CheckMessage]  # the finder's own `list` hides the type's name


class BrowserLibraryMissing(ImproperlyConfigured):
    """A file of the list is not among the installed libraries."""

    def __init__(self, source: Path) -> None:
        super().__init__(f"The browser library {source} is not installed. {REMEDY}")


class Listed(FileSystemStorage):
    """The folder of libraries, in which a file goes by its public name."""

    def __init__(self, folder: Path, sources: dict[str, str]) -> None:
        super().__init__(location=folder)
        self._sources = sources

    def path(self, name: str) -> str:
        return super().path(self._sources[name])


class NpmFinder(BaseFinder):
    """Find the files of `settings.NPM_FILES`; the rest of ``node_modules`` stays private."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sources: dict[str, str] = settings.NPM_FILES
        self.storage = Listed(Path(settings.BROWSER_LIBRARIES), self.sources)

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        """Return where a listed file is; an unlisted one is not here for anybody."""
        if path not in self.sources:
            return []
        place = self._installed(path)
        return [place] if find_all else place

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Listed]]:  # noqa: ARG002
        for name in self.sources:
            self._installed(name)
            yield name, self.storage

    def check(self, **_: Any) -> Messages:
        missing = [name for name in self.sources if not Path(self.storage.path(name)).is_file()]
        return [
            checks.Warning(f"{self.storage.path(name)} is missing.", hint=REMEDY, id="common.W001")
            for name in missing
        ]

    def _installed(self, name: str) -> str:
        place = self.storage.path(name)
        if not Path(place).is_file():
            raise BrowserLibraryMissing(Path(place))
        return place
