"""Exports of a design's rows: streamed, or written into a folder."""
