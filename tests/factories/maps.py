"""Maps of pilots: their bytes, and analyses of them."""

import gzip
from functools import cache
from typing import Any

import nibabel
import numpy as np

from fmriplan.power import simulation
from planning import map_files
from planning.models import PilotMap, PowerAnalysis
from planning.numbers import power as numbers
from planning.services import power, power_work

SHAPE = (40, 46, 36)
WITH_EFFECT = simulation.Truth(shape=SHAPE, participants=20, effect=1.2, spheres=12, fwhm_mm=6.0)
OF_NOISE = simulation.Truth(shape=SHAPE, participants=20, fwhm_mm=6.0)
SILENT = power_work.Said(phase=lambda _: None, resamples=lambda _, __: None)


@cache
def volume(truth: simulation.Truth) -> Any:
    return simulation.pilot(truth, np.random.default_rng(1))


def saved(values: Any, affine: Any = None, kind: Any = nibabel.Nifti1Image) -> bytes:
    content: bytes = kind(values, np.diag([3.0, 3, 3, 1]) if affine is None else affine).to_bytes()
    return content


@cache
def file(truth: simulation.Truth = WITH_EFFECT) -> bytes:
    """Return a map as a gzipped file."""
    made = volume(truth)
    return gzip.compress(saved(made.data.astype(np.float32), made.affine), mtime=0)


def pilot(project: Any, by: Any, content: bytes | None = None, **words: Any) -> PilotMap:
    said = {"name": "Faces", "participants": 20} | words
    brought = power.Brought(**said, pieces=[file() if content is None else content])
    return power.bring(project=project, brought=brought, by=by)


def asked(of: PilotMap, by: Any, **chosen: Any) -> PowerAnalysis:
    """Return an analysis that waits for its job."""
    chosen = {"screening": 2.3, "resamples": 5} | chosen
    settings = numbers.settings_of(chosen, participants=of.participants, groups=of.groups)
    return power.ask(pilot=of, settings=settings, by=by)


OUTCOME = ("mark", "result", "peaks", "refusal", "finished_at")
_known: dict[tuple[str, ...], dict[str, Any]] = {}


def answered(of: PilotMap, by: Any, **chosen: Any) -> PowerAnalysis:
    """Return an analysis whose work is done; what is asked often is worked out once."""
    made = asked(of, by, **chosen)
    question = (of.digest, of.mask_digest, made.question)
    if question in _known:
        known = dict(_known[question])
        map_files.keep_beside(of.digest, of.pk.hex, known.pop("volume"))
        PowerAnalysis.objects.filter(pk=made.pk).update(**known)
        made.refresh_from_db()
        return made
    done(made)
    _known[question] = {name: getattr(made, name) for name in OUTCOME}
    _known[question]["volume"] = map_files.read_beside(of.digest, of.pk.hex)
    return made


def done(asked: PowerAnalysis) -> PowerAnalysis:
    """Do the work of an analysis in this process."""
    power_work.answer(str(asked.pk), SILENT)
    asked.refresh_from_db()
    return asked
