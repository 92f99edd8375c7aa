"""Hashed static files that several releases share, each with a manifest of its own.

The shared folder holds hashed files only. A file is written once, whole, and never changed, so two
releases may collect and serve at the same time; what both need is there once. Files that no kept
release names any more are removed by ``manage.py prune_static``.
"""

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

IMPORT_IN_LAYER = re.compile(r'@import url\("(?P<name>[\w./-]+)"\)(?: layer\((?P<layer>\w+)\))?;')
READABLE = 0o644
SMALLER = {".css", ".js", ".json", ".mjs", ".svg", ".txt"}  # what gets smaller by compressing
WORTH_IT = 1024  # bytes


class StaticFileRefused(ImproperlyConfigured):
    """A static file cannot be collected."""


class ReleaseStaticStorage(ManifestStaticFilesStorage):
    """Write hashed files to the shared static folder and the manifest to the release's own."""

    support_js_module_import_aggregation = True
    # Our own modules alone: those of installed packages name what only a bundler would find.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        ManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]  # noqa: SLF001
    )
    patterns = (
        *ManifestStaticFilesStorage.patterns,
        ("factorial/*.js", _js_module_import_aggregation_patterns[1]),
    )
    _patterns: dict[str, list[tuple[re.Pattern[str], str]]]

    def __init__(self, *args: Any, manifest_folder: str | None = None, **kwargs: Any) -> None:
        storage = FileSystemStorage(manifest_folder) if manifest_folder else None
        self._sources: dict[str, Any] = {}
        self._under_way: list[str] = []
        super().__init__(*args, manifest_storage=storage, **kwargs)

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:  # noqa: ARG002
        """Do nothing: collectstatic would leave a copy without a hash, which changes in place."""
        return str(name)

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **_: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Write each file under its hash, whatever it refers to first, and then the manifest."""
        if dry_run:
            return
        self.hashed_files, self._sources = {}, paths
        for name in paths:
            yield name, self._collected(name), True
        self.save_manifest()

    def _stored_name(self, name: str, hashed_files: dict[str, str]) -> str:  # noqa: ARG002
        """Return the hashed name of a file that another one refers to."""
        return self._collected(os.path.normpath(urlsplit(name).path.strip()))

    def _collected(self, name: str) -> str:
        if name not in self.hashed_files:
            if name in self._under_way:
                circle = " → ".join([*self._under_way, name])
                raise StaticFileRefused(f"Static files refer to one another in a circle: {circle}.")
            self._under_way.append(name)
            content = self._rewritten(name)
            hashed = self.hashed_name(name, ContentFile(content))
            self._write(Path(self.path(hashed)), content)
            self.hashed_files[name] = hashed
            self._under_way.pop()
        return self.hashed_files[name]

    def _source(self, name: str) -> bytes:
        if name not in self._sources:
            user = self._under_way[-2] if len(self._under_way) > 1 else "A page"
            raise StaticFileRefused(f"{user} refers to {name}, which is no static file.")
        storage, path = self._sources[name]
        with storage.open(path) as file:
            content: bytes = file.read()
        return content

    def _rewritten(self, name: str) -> bytes:
        """Return the content with every reference turned into the hashed one."""
        content = self._source(name)
        if not matches_patterns(name, self._patterns):
            return content
        text = self._joined(name, content.decode())
        for extension, patterns in self._patterns.items():
            if matches_patterns(name, (extension,)):
                for pattern, template in patterns:
                    text = pattern.sub(self.url_converter(name, {}, template), text)
        return text.encode()

    def _joined(self, name: str, text: str) -> str:
        """Put stylesheets that a stylesheet imports in their place: one file, one request."""
        if not name.endswith(".css"):
            return text

        def content_of(found: re.Match[str]) -> str:
            imported = os.path.normpath(Path(name).parent / found["name"])
            if Path(imported).parent != Path(name).parent:
                return found[0]  # its own references would lead elsewhere
            content = self._joined(imported, self._source(imported).decode())
            return f"@layer {found['layer']} {{\n{content}}}\n" if found["layer"] else content

        return IMPORT_IN_LAYER.sub(content_of, text)

    def _write(self, place: Path, content: bytes) -> None:
        """Write a file, and beside it the compressed one that the front sends to most browsers."""
        self._write_once(place, content)
        if place.suffix in SMALLER and len(content) >= WORTH_IT:
            self._write_once(Path(f"{place}.gz"), gzip.compress(content, mtime=0))

    def _write_once(self, place: Path, content: bytes) -> None:
        """Write a file whole or not at all; one that is there is only marked as used just now."""
        try:
            os.utime(place)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=place.parent, prefix=".new-", delete=False) as new:
                new.write(content)
                os.fchmod(new.fileno(), READABLE)
            Path(new.name).replace(place)
