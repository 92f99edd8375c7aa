"""Functions of the example in which melodies are rated."""
