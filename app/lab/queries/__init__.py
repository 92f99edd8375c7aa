"""Reads that span models; none of them writes."""
