"""What an analysis found, as its pages, tables and reports show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fmriplan.power.analysis import Analysis, paragraph
from planning import map_files
from planning.models import PowerAnalysis
from planning.numbers import power as numbers
from planning.numbers import power_answers as answers

AT_ONCE = 100
MOST_IN_VIEWER = 2000
LONGEST_NUMBER = 7
PLANES = [("x", "From the side"), ("y", "From the front"), ("z", "From above")]
COLUMNS = ("x", "y", "z", "mm_x", "mm_y", "mm_z", "height", "p")
SORTED_BY = {"z": (6, -1), "p": (7, 1), "x": (3, 1), "y": (4, 1), "height": (5, 1)}


@dataclass(frozen=True)
class Peak:
    """A row of the table of peaks; ``number`` counts from the highest."""

    number: int
    voxel: tuple[int, int, int]
    mm: tuple[float, float, float]
    height: float
    p: float


def analysis_of(found: PowerAnalysis) -> Analysis:
    """Return a finished analysis as `fmriplan` knows it."""
    pilot = found.pilot
    settings = numbers.settings_of(
        found.chosen, participants=pilot.participants, groups=pilot.groups
    )
    return numbers.analysis_of(settings, found.result or {}, found.peaks)


def told(found: PowerAnalysis, made: Analysis, wish: Any) -> dict[str, Any]:
    """Return the answers to a wish, and the words for a grant."""
    rows = answers.answers(made, power=wish.power, participants=wish.participants)
    return {
        "wish": wish,
        "rows": rows,
        "chosen": next(row for row in rows if row.correction is wish.correction),
        "paragraph": paragraph(made, wish.power, wish.correction, found.mark),
    }


def peaks_shown(found: PowerAnalysis, order: str, page: str) -> dict[str, Any]:
    """Return one page of the table of peaks, sorted as an address says."""
    rows = _sorted(found, order)
    last = max(1, -(-len(rows) // AT_ONCE))
    here = min(int(page), last) if page.isascii() and page.isdigit() and page != "0" else 1
    here = max(1, here)
    return {
        "peaks": rows[(here - 1) * AT_ONCE : here * AT_ONCE],
        "count": len(rows),
        "order": order if order in SORTED_BY else "z",
        "page": here,
        "pages": last,
        "is_negative": bool(found.chosen.get("negative")),
    }


def _sorted(found: PowerAnalysis, order: str) -> list[Peak]:
    column, sign = SORTED_BY.get(order, SORTED_BY["z"])
    rows = sorted(enumerate(found.peaks, 1), key=lambda one: sign * one[1][column])
    return [_peak(number, row) for number, row in rows]


def _peak(number: int, row: list[float]) -> Peak:
    x, y, z, mm_x, mm_y, mm_z, height, p = row
    return Peak(number, (int(x), int(y), int(z)), (mm_x, mm_y, mm_z), height, p)


def viewed(found: PowerAnalysis, peak: str) -> dict[str, Any]:
    """Return what the viewer needs: the peaks, and with which of them it begins, from 0."""
    sign = -1 if found.chosen.get("negative") else 1
    rows = [_peak(number, row) for number, row in enumerate(found.peaks[:MOST_IN_VIEWER], 1)]
    chosen = int(peak) if peak.isascii() and peak.isdigit() and len(peak) < LONGEST_NUMBER else 1
    return {
        "peaks": [{"number": row.number, "mm": row.mm, "z": sign * row.height} for row in rows],
        "first": min(max(chosen, 1), len(rows)) - 1,
        "has_volume": volume_of(found) is not None,
        "planes": PLANES,
    }


def volume_of(found: PowerAnalysis) -> bytes | None:
    """Return the map as the viewer reads it; nothing when its file is deleted."""
    pilot = found.pilot
    if pilot.removed_at:
        return None
    return map_files.read_beside(pilot.digest, pilot.pk.hex)


def peaks_as_table(found: PowerAnalysis) -> Iterator[list[object]]:
    yield list(COLUMNS)
    yield from (list(row) for row in found.peaks)


def settings_used(found: PowerAnalysis) -> list[tuple[str, str]]:
    """Return the settings in words, with what was found out where nothing was chosen."""
    pilot, chosen, result = found.pilot, found.chosen, found.result or {}
    screening = chosen["screening"]
    z = result.get("threshold")
    as_z = f", Z = {z:.3f}" if z and screening <= 1 else ""
    return [
        ("Map", f"{pilot.name}, {pilot.get_kind_display()}"),
        ("SHA-256 of the file", pilot.digest or "not there yet"),
        ("Mask", pilot.mask_digest or "what is not zero"),
        ("Participants of the pilot", f"{pilot.participants}, {_groups(pilot.groups)}"),
        ("Screening threshold", f"{'Z' if screening > 1 else 'p'} = {screening:g}{as_z}"),
        ("Alpha", f"{chosen['alpha']:g}"),
        ("Direction", "negative peaks" if chosen["negative"] else "positive peaks"),
        ("Smoothness", _smoothness(result.get("smoothness"), chosen["fwhm_mm"])),
        ("Definitions", "neuropower's" if chosen["as_neuropower"] else "ours"),
        ("Resamples", f"{chosen['resamples']}, seed {chosen['seed']}"),
        ("Mark", found.mark or "none yet"),
    ]


def _groups(groups: int) -> str:
    return "one group" if groups == 1 else "two groups"


def _smoothness(found: Any, given: Any) -> str:
    width = found["fwhm_mm"] if found else given
    if not width:
        return "estimated from the map"
    said = " x ".join(f"{each:.2f}" for each in width)
    return f"{said} mm, {'given' if given else 'estimated from the map'}"
