"""The addresses of the area, a file for each of its parts."""
