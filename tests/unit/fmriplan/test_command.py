"""``python -m fmriplan``, as a person types it."""

import nibabel
import numpy as np
import pytest

from fmriplan.__main__ import main
from fmriplan.power import simulation


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    made = simulation.pilot(
        simulation.Truth(participants=15, effect=1.0, spheres=12), np.random.default_rng(1)
    )
    file = tmp_path_factory.mktemp("maps") / "pilot.nii.gz"
    nibabel.Nifti1Image(made.data.astype(np.float32), made.affine).to_filename(file)
    return file


def test_a_map_is_answered(pilot, capsys):
    assert main(["power", str(pilot), "-n", "15", "--screening", "2.3", "--resamples", "5"]) == 0
    out = capsys.readouterr().out
    assert "random field theory: Z from" in out
    assert "participants are needed (95 % interval" in out


def test_neuropowers_definitions_are_asked_for_by_name(pilot, capsys):
    main(["power", str(pilot), "-n", "15", "--screening", "2.3", "--resamples", "0"])
    ours = capsys.readouterr().out
    main(
        [
            "power",
            str(pilot),
            "-n",
            "15",
            "--screening",
            "2.3",
            "--resamples",
            "0",
            "--as-neuropower",
        ]
    )
    assert capsys.readouterr().out != ours


@pytest.mark.parametrize(
    "words", [["/nowhere.nii", "-n", "20"], [__file__, "-n", "20"], [__file__, "-n", "3"]]
)
def test_a_refusal_is_one_line_and_a_code(words, capsys):
    assert main(["power", *words]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("python -m fmriplan: ")
    assert len(told.err.splitlines()) == 1
