"""Reads that span models; nothing here writes."""
