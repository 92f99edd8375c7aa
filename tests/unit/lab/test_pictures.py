"""Pictures: what is taken, what it becomes, what is refused."""

from io import BytesIO

import pytest
from PIL import Image

from lab.pictures import NoPicture, prepared


def drawn(width, height, kind="PNG", mode="RGB"):
    content = BytesIO()
    Image.new(mode, (width, height)).save(content, kind)
    return content.getvalue()


def test_a_wide_picture_becomes_as_wide_as_said_and_keeps_its_shape():
    kept = prepared(drawn(1600, 600), width_px=800, most_px=10**7)
    assert (kept.width_px, kept.height_px, kept.ending) == (800, 300, ".png")
    assert Image.open(BytesIO(kept.content)).size == (800, 300)


def test_a_narrow_picture_stays_as_it_was_sent():
    content = drawn(300, 200, "JPEG")
    assert prepared(content, width_px=800, most_px=10**7).content == content


def test_a_picture_asked_for_as_it_is_stays_as_it_was_sent():
    content = drawn(1600, 600)
    assert prepared(content, width_px=None, most_px=10**7).content == content


@pytest.mark.parametrize(("kind", "mode"), [("TIFF", "I;16"), ("TIFF", "F"), ("BMP", "RGB"),
                                            ("TIFF", "CMYK"), ("TIFF", "1")])  # fmt: skip
def test_what_browsers_do_not_show_becomes_png(kind, mode):
    kept = prepared(drawn(64, 48, kind, mode), width_px=None, most_px=10**7)
    assert (kept.ending, Image.open(BytesIO(kept.content)).format) == (".png", "PNG")


def test_the_greys_of_a_deep_picture_keep_their_range():
    image = Image.new("I;16", (2, 1))
    image.putpixel((1, 0), 4000)
    content = BytesIO()
    image.save(content, "TIFF")
    kept = Image.open(BytesIO(prepared(content.getvalue(), width_px=800, most_px=100).content))
    assert [kept.getpixel((0, 0)), kept.getpixel((1, 0))] == [0, 255]


def test_what_a_telephone_wrote_beside_a_large_picture_is_left_out():
    image, content = Image.new("RGB", (900, 10)), BytesIO()
    place = image.getexif()
    place[0x010E] = "taken at home"
    image.save(content, "JPEG", exif=place)
    kept = prepared(content.getvalue(), width_px=800, most_px=10**7)
    assert b"taken at home" in content.getvalue()
    assert b"taken at home" not in kept.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        drawn(64, 64)[:60],
        drawn(64, 64)[:-30],
        drawn(64, 64, "TIFF")[:40],
        b"GIF89a" + b"\xff" * 20,
    ],
)
def test_what_is_no_whole_picture_is_refused(content):
    with pytest.raises(NoPicture, match="no picture"):
        prepared(content, width_px=800, most_px=10**7)


def test_a_picture_with_too_many_points_is_refused_before_it_is_drawn():
    with pytest.raises(NoPicture, match="million pixels"):
        prepared(drawn(3000, 2000), width_px=800, most_px=5_000_000)


def test_a_picture_that_would_fill_the_memory_is_refused():
    with pytest.raises(NoPicture, match="million pixels"):
        prepared(drawn(20000, 10000, mode="1"), width_px=800, most_px=50_000_000)
