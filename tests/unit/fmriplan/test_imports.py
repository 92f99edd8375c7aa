"""What an import of the package costs: pages and commands that plan nothing should not pay."""

import subprocess
import sys
from pathlib import Path

APP = Path(__file__).resolve().parents[3] / "app"
HEAVY = ("scipy.optimize", "scipy.special", "scipy.stats", "scipy.ndimage", "scipy.io")


def test_numerics_are_loaded_where_they_are_used():
    """SciPy loads its parts at their first use, so `import scipy` alone is named at the top."""
    modules = "fmriplan.power.analysis, fmriplan.power.command, fmriplan.design.command"
    asked = f"import sys, {modules}; print(*[m for m in {HEAVY} if m in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=APP, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == []
