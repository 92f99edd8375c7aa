"""The administration of factorial designs: what is planned, who is at it, what was decided."""

from factorial.admin import designs, logs, runs

__all__ = ["designs", "logs", "runs"]
