"""Designs, the runs that they plan, and who is at them."""

from factorial.models.designs import (
    Block,
    ClientImports,
    Design,
    Factor,
    Measure,
    PlannedRun,
    RunMark,
)
from factorial.models.logs import Host, LogRun, Session

__all__ = [
    "Block",
    "ClientImports",
    "Design",
    "Factor",
    "Host",
    "LogRun",
    "Measure",
    "PlannedRun",
    "RunMark",
    "Session",
]
