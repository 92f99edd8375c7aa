"""Bad inputs that somebody did bring: refused or survived, with a remedy, in little memory."""

import gzip
import math
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fmriplan
from fmriplan.design.annealing import Goal, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Condition, Experiment, Rest
from fmriplan.design.gaps import Exponential, Fixed, Uniform
from fmriplan.design.orders import Infeasible, Rules, check
from fmriplan.errors import NotAnOption, UnreadableMap, UnusableMap
from fmriplan.power import maps, nifti
from fmriplan.power.nifti import Volume

APP = Path(fmriplan.__file__).parents[1]
MOST_MB = 200
REMEDY = re.compile(
    r"\b(take|choose|save|set|check|add|make|allow|copy|type|such as|use|at most|at least|or more|"
    r"differ|would|divides|sum to 1|above 0|0 s or longer|not below|longer than|one for each)\b",
    re.IGNORECASE,
)  # fmt: skip


# --- memory ---------------------------------------------------------------------------------------
def header(shape, kind=16, bits=32):
    image = bytearray(nibabel.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4)).to_bytes())
    struct.pack_into("<4h", image, 40, 3, *shape)
    struct.pack_into("<2h", image, 70, kind, bits)
    return bytes(image[:352])


def zeros_behind(start, count):
    """Return a gzip file of so many zeros, made without holding them."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    made = [packer.compress(start)]
    made += [packer.compress(bytes(10_000_000)) for _ in range(count // 10_000_000)]
    return b"".join([*made, packer.flush()])


MEASURED = """
import re, sys
from fmriplan.__main__ import main
code = main(["power", sys.argv[1], "-n", "20"])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
sys.exit(code)
"""


def most_memory_mb(file):
    """Return how much memory the command took with a file that it must refuse."""
    surroundings = {**os.environ, "PYTHONPATH": str(APP), "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-c", MEASURED, str(file)]
    done = subprocess.run(words, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("python -m fmriplan: "), done.stderr
    return int(done.stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the most memory")
@pytest.mark.parametrize(
    "make",
    [
        lambda: header((32000, 32000, 32000)),
        lambda: gzip.compress(header((32000, 32000, 32000))),
        lambda: zeros_behind(header((1000, 1000, 500)), 500_000_000),
        lambda: zeros_behind(header((368, 368, 368), 64, 64), 400_000_000),  # within the limit
        lambda: zeros_behind(header((10, 10, 10)), 500_000_000),  # more than the header says
    ],
    ids=["header", "packed header", "bomb", "bomb of the largest map", "bomb behind a small map"],
)
def test_files_that_claim_or_hide_too_much_take_little_memory(make, tmp_path):
    file = tmp_path / "map.nii.gz"
    file.write_bytes(make())
    assert file.stat().st_size < 5_000_000
    assert most_memory_mb(file) < MOST_MB


def test_an_empty_mask_as_large_as_a_brain_is_still_read():
    """One value packs densely; that is no reason to refuse what is small enough anyway."""
    shape = (182, 218, 182)
    content = gzip.compress(header(shape, 2, 8) + bytes(math.prod(shape)))
    assert nifti.read(content).data.shape == shape


# --- maps -----------------------------------------------------------------------------------------
SHAPE = (20, 22, 24)


def volume(values):
    return Volume(np.asarray(values, dtype=float), np.diag([3.0, 3.0, 3.0, 1.0]))


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(SHAPE),
        np.full(SHAPE, 2.5),
        np.full(SHAPE, np.nan),
        np.random.default_rng(0).uniform(0, 1, SHAPE),
        np.random.default_rng(0).standard_normal(SHAPE) * 500,
    ],
    ids=["zeros", "constant", "no numbers", "p values", "beta values"],
)
def test_a_map_of_no_statistic_is_refused_with_a_remedy(values):
    with pytest.raises(UnusableMap) as refusal:
        maps.prepare(volume(values))
    assert REMEDY.search(str(refusal.value)) or "this is no statistical map" in str(refusal.value)


@pytest.mark.parametrize(
    "content", [b"", b"words", header(SHAPE), gzip.compress(b"words"), gzip.compress(header(SHAPE))]
)
def test_a_file_that_is_no_map_is_refused_with_a_remedy(content):
    with pytest.raises(UnreadableMap) as refusal:
        nifti.read(content)
    assert REMEDY.search(str(refusal.value)), refusal.value


# --- designs --------------------------------------------------------------------------------------
def shares(*values, shown_s=1.0):
    return tuple(Condition("abcdef"[n], each, shown_s) for n, each in enumerate(values))


def planned(**facts):
    conditions = facts.pop("conditions", shares(0.3, 0.3, 0.4))
    usual = {
        "trials": 24, "tr_s": 2.0, "gaps": Uniform(2, 4), "tick_s": 0.1,
        "contrasts": ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0)),
    }  # fmt: skip
    return Experiment(conditions, **{**usual, **facts})


@pytest.mark.parametrize(
    "wrong",
    [
        {"conditions": shares(0.5, 0.5, 0.0)},
        {"conditions": shares(0.3, 0.3, 0.3)},
        {"trials": 2},
        {"trials": 10**6},
        {"tr_s": 0.0},
        {"tr_s": 0.05},
        {"tick_s": 3.0},
        {"tr_s": 2.05},
        {"conditions": shares(0.3, 0.3, 0.4, shown_s=0.05)},
        {"conditions": shares(0.3, 0.3, 0.4, shown_s=0.0)},
        {"gaps": Uniform(4, 2)},
        {"gaps": Exponential(2, 5, 8)},
        {"gaps": Exponential(2, 2, 8)},
        {"gaps": Fixed(-1.0)},
        {"rest": Rest(0, 10.0)},
        {"rest": Rest(5, -1.0)},
        {"contrasts": ((0.0, 0.0, 0.0),)},
        {"contrasts": ((1.0, -1.0),)},
        {"rho": 1.0},
        {"high_pass_s": 3.0},
        {"window_s": 0.0},
        {"runs": 5},
    ],
    ids=str,
)
def test_an_experiment_that_cannot_be_is_refused_with_a_remedy(wrong):
    with pytest.raises(NotAnOption) as refusal:
        planned(**wrong)
    assert REMEDY.search(str(refusal.value)), refusal.value


@pytest.mark.parametrize("wrong", [(0, 0, 0, 0), (float("nan"), 1, 1), (-1, 1, 1), (1, 1, 1, -1)])
def test_weights_that_weigh_nothing_are_refused(wrong):
    with pytest.raises(NotAnOption, match="0 or more"):
        Goal(*wrong)


def test_runs_of_one_where_they_cannot_be_are_refused_with_a_remedy():
    rules = Rules(exact_counts=True, longest_run=1)
    with pytest.raises(Infeasible, match="Allow runs of"):
        check(planned(conditions=shares(0.9, 0.05, 0.05), trials=40), rules)


def test_a_range_of_waits_of_one_tick_is_no_endless_loop():
    assert search(planned(gaps=Uniform(2, 2.1)), Goal(), moves=200).worth > 0


def test_dependent_contrasts_are_survived():
    every = ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0), (1.0, 0.0, -1.0))
    assert np.isfinite(search(planned(contrasts=every), Goal(), moves=200).worth)


@settings(max_examples=40)
@given(
    order=st.sampled_from(["abc" * 8, "ab" * 12, "a" * 24, "aabb" * 6, "abcb" * 6, "c" * 23 + "a"]),
    gaps=st.sampled_from([Fixed(0.0), Fixed(2.0), Fixed(3.0), Uniform(2, 4)]),
    tr=st.sampled_from([1.0, 2.0, 4.0, 8.0]),
    shown=st.sampled_from([0.1, 1.0, 4.0]),
    derivatives=st.sampled_from([0, 2]),
)
def test_no_score_is_ever_no_number(order, gaps, tr, shown, derivatives):
    """Periodic designs, absent conditions, signals that are all alike."""
    experiment = planned(
        conditions=shares(0.3, 0.3, 0.4, shown_s=shown), gaps=gaps, tr_s=tr,
        derivatives=derivatives, tail_s=64.0, window_s=16.0,
    )  # fmt: skip
    evaluation = Evaluation(experiment)
    labels = np.array(["abc".index(each) for each in order])[None]
    scores = evaluation.score(labels, experiment.waits[None], estimation=True)
    for each in (scores.detection, scores.frequencies, scores.counterbalancing, scores.estimation):
        assert np.isfinite(each).all()
        assert (each >= -1e-12).all()
    assert np.isfinite(evaluation._detection(labels, experiment.waits[None])).all()
    assert len(set(order)) == 3 or scores.detection[0] == 0
