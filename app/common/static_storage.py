"""Hashed static files that several releases share, each with a manifest of its own."""

from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage


class ReleaseStaticStorage(ManifestStaticFilesStorage):
    """Write hashed files to the shared static folder and the manifest to the release's own."""

    def __init__(self, *args: Any, manifest_folder: str | None = None, **kwargs: Any) -> None:
        storage = FileSystemStorage(manifest_folder) if manifest_folder else None
        super().__init__(*args, manifest_storage=storage, **kwargs)
