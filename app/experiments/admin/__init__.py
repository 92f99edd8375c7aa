"""The administration of experiments: protocols, their revisions, links to them, who is where."""

from experiments.admin import links, protocols

__all__ = ["links", "protocols"]
