"""Factorial designs as TouchStone knows them: read, written, generated and checked. No Django here.

`touchstone.design` has the design itself; everything else reads it, writes it or asks about it.
"""
