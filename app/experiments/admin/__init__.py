"""The administration of experiments: protocols, their revisions, links to them, who is where."""

from experiments.admin import banks, links, protocols, stimuli, ways

__all__ = ["banks", "links", "protocols", "stimuli", "ways"]
