"""What an experiment shows and asks: plain frozen data, read from JSON and written back to it.

No database, no request: the same protocol means the same on every site, and its hash says so.
"""
