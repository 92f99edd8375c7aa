"""A lab's own functions, run in a process of their own.

It imports nothing of the site: what runs them is a bare interpreter with the lab's code.
"""
