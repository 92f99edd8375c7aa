"""Looking through mounted repositories: what is missing, changed, not recorded, of nobody."""

from lab.services.scans.look import Budget, Silent
from lab.services.scans.looking import begin_all, scan, scannable

__all__ = ["Budget", "Silent", "begin_all", "scan", "scannable"]
