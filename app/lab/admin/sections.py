"""The nine sections of the administration's index."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    rank: int
    name: str


ANIMALS = Section(1, "Animals")
PROCEDURES = Section(2, "Sessions and procedures")
WELFARE = Section(3, "Weight and water")
COLONY = Section(4, "Colony and cages")
GENETICS = Section(5, "Genetics")
DATA = Section(6, "Data and files")
RECORDINGS = Section(7, "Recordings in the brain")
NEWS = Section(8, "Notes, news and trash")
LISTS = Section(9, "Lists and settings")
