"""The surface for the ONE client: the paths, shapes and words of Alyx, on our services."""
