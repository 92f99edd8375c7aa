"""Reads that span tables; they never write."""
