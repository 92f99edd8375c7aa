"""The administration of the lab's records: every kind, by the same rules as pages and APIs."""

from lab.admin import animals, procedures

__all__ = ["animals", "procedures"]
