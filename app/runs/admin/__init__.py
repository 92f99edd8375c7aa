"""The administration of runs: what participants did is read here; runs are left out of analyses."""

from runs.admin import records, runs, uploads

__all__ = ["records", "runs", "uploads"]
