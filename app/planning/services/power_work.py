"""The work of a power analysis, done by a job in a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.timezone import now

from fmriplan.errors import PlanningError
from fmriplan.power import maps, nifti
from fmriplan.power.analysis import Analysis, analyse, digest
from fmriplan.power.maps import StatisticalMap
from planning import map_files
from planning.errors import MapGone, NotAMap
from planning.models import PilotMap, PowerAnalysis
from planning.numbers import power as numbers
from planning.numbers import volumes
from planning.services import tending
from planning.services.power_files import need_file

TOO_LARGE = (
    "The map needs more memory than one analysis may use. "
    "Resample it to the resolution that it was analysed in, or cut it to the brain."
)
Told = Callable[[int, int], object]


@dataclass(frozen=True)
class Said:
    """How the work tells where it is: a phase, and how many resamples of how many are done."""

    phase: Callable[[str], object]
    resamples: Told


def answer(key: str, said: Said) -> str:
    """Answer a question, if nobody has yet; return a line for the job's log."""
    rows = PowerAnalysis.objects.select_related("pilot").filter(finished_at=None)
    asked = rows.filter(pk=key).first()
    if asked is None:
        return "It is answered already, or its map was deleted."
    try:
        found, made = _made(asked, said)
    except (PlanningError, NotAMap, MapGone) as refusal:
        return _refuse(asked, str(refusal))
    except MemoryError:
        return _refuse(asked, TOO_LARGE)
    return _keep(asked, found, made)


def _made(asked: PowerAnalysis, said: Said) -> tuple[StatisticalMap, Analysis]:
    pilot = asked.pilot
    settings = numbers.settings_of(
        asked.chosen, participants=pilot.participants, groups=pilot.groups
    )
    said.phase("Reading the map" if pilot.digest else "Getting the map")
    found = read(need_file(pilot))
    said.phase("Drawing the map")
    map_files.keep_beside(pilot.digest, pilot.pk.hex, volumes.packed(found))
    _need_kept(pilot)
    said.phase("Finding peaks and resampling them")
    return found, analyse(found, settings, progress=said.resamples)


def _need_kept(pilot: PilotMap) -> None:
    """Give up where somebody has deleted the map meanwhile, and leave nothing of it."""
    if not PilotMap.objects.filter(pk=pilot.pk, removed_at=None).exists():
        tending.forget_files(pilot.digest, pilot.mask_digest)
        raise MapGone


def read(pilot: PilotMap) -> StatisticalMap:
    """Return a pilot's map as it is analysed."""
    mask = nifti.read(map_files.read(pilot.mask_digest)) if pilot.mask_digest else None
    freedom = pilot.participants - pilot.groups if pilot.kind == PilotMap.Kind.T else None
    volume = nifti.read(map_files.read(pilot.digest))
    return maps.prepare(volume, mask=mask, degrees_of_freedom=freedom)


def _refuse(asked: PowerAnalysis, words: str) -> str:
    _answered(asked, refusal=words)
    return f"Refused: {words}"


def _keep(asked: PowerAnalysis, found: StatisticalMap, made: Analysis) -> str:
    _answered(
        asked,
        mark=digest(found, made.settings),
        result=numbers.as_result(made, found),
        peaks=numbers.as_rows(made.found),
        refusal="" if made.model else made.warnings[-1],
    )
    return f"{len(made.found)} peaks, {made.prevalence.active:.2f} of them active"


def _answered(asked: PowerAnalysis, **outcome: object) -> None:
    """Store an outcome, unless another attempt was quicker."""
    row = PowerAnalysis.objects.filter(pk=asked.pk, finished_at=None)
    row.update(finished_at=now(), **outcome)
