"""Keeping files that never change, each once."""

import io
from typing import BinaryIO

from experiments import storage
from experiments.models import Asset


def keep(content: BinaryIO | bytes, *, media_type: str = "") -> Asset:
    """Store a file under its SHA-256; a content that is there already is that file again."""
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    digest, size = storage.keep(file)
    asset, _ = Asset.objects.get_or_create(
        digest=digest, defaults={"size": size, "media_type": media_type}
    )
    return asset
