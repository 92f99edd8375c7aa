"""Factorial designs: imported or generated, handed out run by run, watched and exported."""
