"""Bring the records of Alyx-local (haiss-alyx) in, whose files are described in another way."""

from lab.alyx import haiss
from lab.alyx.dump import Dump
from lab.management.commands import import_alyx


class Command(import_alyx.Command):
    help = "Bring in the records of an Alyx-local server (manage.py dumpdata --output FILE, there)."

    def translate(self, dump: Dump) -> None:
        haiss.translate(dump)
