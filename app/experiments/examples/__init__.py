"""Two worked experiments. `manage.py load_examples` installs them.

Their functions lie in `scripts/`, as a lab's own packages do; any site may call them.
"""
