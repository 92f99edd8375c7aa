"""Reads that span the models of runs; they write nothing."""
