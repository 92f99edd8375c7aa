"""Whatever comes as a map is answered with words that help, and never with an error of the site."""

import gzip
import struct

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.factories import maps

from planning.models import PilotMap, PowerAnalysis

GOOD = maps.volume(maps.WITH_EFFECT)
Z = GOOD.data.astype(np.float32)


def nifti(values=Z, affine=None):
    return maps.saved(values, GOOD.affine if affine is None else affine)


def changed(place, form, value):
    content = bytearray(nifti())
    struct.pack_into("<" + form, content, place, value)
    return bytes(content)


def sized(*sizes):
    content = bytearray(nifti())
    struct.pack_into("<8h", content, 40, len(sizes), *sizes, *[1] * (7 - len(sizes)))
    return bytes(content)


def bomb():
    """Return a small file that unpacks to far more than its header promises."""
    return gzip.compress(sized(40, 46, 36) + bytes(300_000_000), 1)


def with_holes():
    holed = Z.copy()
    holed[::9, ::9, ::9] = np.nan
    holed[5::9, ::9, ::9] = np.inf
    return nifti(holed)


def thresholded():
    return nifti(np.where(np.abs(Z) > 1.5, Z, 0))


REFUSED = {
    "text": (b"x,y,z\n1,2,3\n" * 90, "no NIfTI file"),
    "damaged gzip": (b"\x1f\x8b" + b"nonsense" * 90, "Compress it again"),
    "cut short": (nifti()[:-1], "Copy or upload it again"),
    "cut short and packed": (gzip.compress(nifti())[:-40], "Copy or upload it again"),
    "32000^3 voxels": (sized(32000, 32000, 32000), "Resample the map"),
    "negative dimension": (sized(-5, 20, 20), "each at least 1"),
    "nine dimensions": (changed(40, "h", 9), "9 dimensions"),
    "unknown numbers": (changed(70, "h", 77), "Save it as real numbers"),
    "complex": (changed(70, "h", 32), "complex"),
    "RGB": (changed(70, "h", 128), "RGB"),
    "data nowhere": (changed(108, "f", float("nan")), "Save the map again"),
    "two volumes": (nifti(np.stack([Z, Z], -1)), "2 volumes"),
    "nothing but zeros": (nifti(np.zeros_like(Z)), "inside the mask"),
    "one value": (nifti(np.full_like(Z, 3)), "same value"),
    "beta values": (nifti(Z * 500), "beta values"),
    "p values": (nifti(np.clip(np.abs(Z) / 9, 0.001, 1)), "p values"),
    "no place": (changed(280, "f", 0.0), "orientation"),
}
WARNED = {
    "NaN and inf": (with_holes(), "are not numbers"),
    "whole numbers": (nifti(np.round(Z)), "whole numbers"),
    "one direction": (nifti(np.where(Z > 0, Z, 0)), "one direction"),
    "thresholded": (thresholded(), "thresholded"),
}
TAKEN = {
    "not packed but called .gz": nifti(),
    "packed": gzip.compress(nifti()),
    "one volume in 4 dimensions": nifti(Z[..., None]),
    "bytes behind its end": bomb(),
}


@pytest.fixture
def upload(as_, alice, project):
    client = as_(alice)

    def sent(content, file="map.nii.gz", mask=None, **changes):
        usual = {
            "project": project.pk, "kind": "z", "participants": 20, "groups": 1,
            "screening": "2.3", "alpha": "0.05", "direction": "positive", "resamples": "0",
            "map": SimpleUploadedFile(file, content),
        }  # fmt: skip
        if mask is not None:
            usual["mask"] = SimpleUploadedFile("mask.nii", mask)
        return client.post(reverse("planning:power-new"), usual | changes)

    def page(content, **changes):
        """Return what the analysis's page says in the end."""
        answer = sent(content, **changes)
        assert answer.status_code == 302, answer.context["form"].errors
        maps.done(PowerAnalysis.objects.get())
        shown = client.get(answer.url)
        assert shown.status_code == 200
        return shown.content.decode()

    page.sent = sent
    return page


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_map_is_refused_with_a_remedy(upload, name):
    content, says = REFUSED[name]
    shown = upload(content)
    assert "This map cannot be analysed" in shown
    assert says in shown


@pytest.mark.parametrize("name", WARNED)
def test_an_odd_map_is_analysed_with_a_warning(upload, name):
    content, says = WARNED[name]
    shown = upload(content)
    assert says in shown
    assert "Look at this before" in shown or "No sample size" in shown


@pytest.mark.parametrize("name", TAKEN)
def test_a_map_is_known_by_its_content(upload, name):
    assert 'id="participants"' in upload(TAKEN[name])


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.zeros_like(Z), "Only 0 voxels"),
        (np.ones((5, 5, 5), np.float32), "Resample the mask"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(upload, mask, says):
    assert says in upload(nifti(), mask=nifti(mask))


def test_a_mask_in_another_place_is_refused(upload):
    elsewhere = GOOD.affine.copy()
    elsewhere[0, 3] += 12
    assert "different places" in upload(nifti(), mask=nifti(np.ones_like(Z), elsewhere))


@pytest.mark.parametrize("inside", [1, 255, 0.9])
def test_a_mask_holds_what_is_above_one_half(upload, inside):
    mask = np.where(Z != 0, inside, 0.4).astype(np.float32)
    upload(nifti(), mask=nifti(mask))
    assert PowerAnalysis.objects.get().result["voxels"] == int((Z != 0).sum())


def test_a_threshold_that_leaves_few_peaks_names_one_that_does_not(upload):
    shown = upload(nifti(), screening="5.5")
    assert "Set the screening threshold to Z =" in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("participants", "9"), ("participants", "0"), ("participants", "1e3"),
        ("participants", "99999999999999999999"), ("alpha", "0"), ("alpha", "1"),
        ("alpha", "nan"), ("alpha", "-0.1"), ("screening", "0"), ("screening", "1.2"),
        ("screening", "6.5"), ("screening", "nan"), ("screening", "1e-300"), ("groups", "3"),
        ("kind", "p"), ("direction", "up"), ("resamples", "-1"), ("resamples", "9999999"),
        ("fwhm_x", "8"), ("fwhm_x", "inf"), ("fwhm_y", "-2"), ("name", "x" * 201),
        ("project", "nope"), ("map", ""),
    ],
)  # fmt: skip
def test_a_setting_out_of_its_range_is_said_at_its_field(upload, field, value):
    answer = upload.sent(nifti(), **{field: value})
    assert answer.status_code == 200
    expected = "fwhm_x" if (field, value) == ("fwhm_x", "8") else field
    assert list(answer.context["form"].errors) == [expected]
    assert not PilotMap.objects.exists()


def test_an_empty_file_is_said_at_its_field(upload):
    answer = upload.sent(b"")
    assert "empty" in str(answer.context["form"].errors["map"])
    assert not PilotMap.objects.exists()


def test_words_of_people_are_shown_as_words(upload):
    shown = upload(nifti(), name="<script>alert(1)</script>")
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_t_values_are_told_as_z(upload):
    upload(nifti(), kind="t")
    as_t = PowerAnalysis.objects.get().result["threshold"]
    heights = [row[6] for row in PowerAnalysis.objects.get().peaks]
    assert max(heights) < Z.max(), "a T value is less sure than the same Z"
    assert as_t == 2.3


def test_what_is_computed_as_neuropower_is_told_apart(upload):
    assert "as neuropower" in upload(nifti(), as_neuropower="on")
