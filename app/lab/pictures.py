"""Pictures that people send: opened with care, and made as wide as a page shows them."""

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

SHOWN = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WEBP": ".webp"}  # what browsers show
OPENED = [*SHOWN, "BMP", "TIFF"]
BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, KeyError, IndexError,
          OverflowError, ZeroDivisionError, MemoryError, struct.error)  # fmt: skip
TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)
GREYS = 255


class NoPicture(ValueError):
    """What was sent is no picture that can be shown; the message says why."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    ending: str
    width_px: int
    height_px: int


def prepared(content: bytes, *, width_px: int | None, most_px: int) -> Picture:
    """Return the picture, at most ``width_px`` wide; as it was sent when that is None.

    It is never made wider. What browsers do not show, such as TIFF, becomes PNG.

    Raises
    ------
    NoPicture
        It is none, it is broken, or it has more than ``most_px`` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a broken file; it shows itself below
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _prepared(content, width_px, most_px)
    except TOO_LARGE:
        raise _too_many(most_px) from None
    except NoPicture:
        raise
    except BROKEN:
        raise NoPicture(
            "This is no picture, or it is broken. Send PNG, JPEG, GIF, WebP, BMP or TIFF."
        ) from None


def _prepared(content: bytes, width_px: int | None, most_px: int) -> Picture:
    with Image.open(BytesIO(content), formats=OPENED) as image:
        if image.width * image.height > most_px:
            raise _too_many(most_px)
        image.load()  # a broken one shows itself now
        kind = image.format or ""
        if kind in SHOWN and (width_px is None or image.width <= width_px):
            return Picture(content, SHOWN[kind], image.width, image.height)
        return _drawn(ImageOps.exif_transpose(image), kind, width_px)


def _too_many(most_px: int) -> NoPicture:
    return NoPicture(f"The picture has more than {most_px // 1_000_000} million pixels.")


def _drawn(image: Image.Image, kind: str, width_px: int | None) -> Picture:
    """Draw the picture anew, so that it fits, and nothing but the picture is left."""
    plain = _plain(image)
    if width_px and plain.width > width_px:
        height = max(1, round(plain.height * width_px / plain.width))
        plain = plain.resize((width_px, height), Image.Resampling.LANCZOS)
    as_kind = "JPEG" if kind == "JPEG" else "PNG"
    if as_kind == "JPEG":
        plain = plain.convert("RGB")
    kept = BytesIO()
    plain.save(kept, as_kind, optimize=True)
    return Picture(kept.getvalue(), SHOWN[as_kind], plain.width, plain.height)


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be scaled; deep greys of a camera keep their range."""
    if image.mode[0] in "IF":
        greys = image.convert("F")
        low, high = greys.getextrema()
        scale = GREYS / (high - low) if high > low else 0.0  # type: ignore[operator]
        return greys.point(lambda grey: grey * scale - low * scale).convert("L")  # type: ignore[operator]
    return image if image.mode in {"L", "LA", "RGB", "RGBA"} else image.convert("RGBA")
