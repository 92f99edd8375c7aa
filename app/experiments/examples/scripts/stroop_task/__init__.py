"""Functions of the example with the Stroop task."""
