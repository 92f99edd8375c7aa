"""The HTTP protocol of LightMill's server of 2020, for its clients as they are.

Statuses, error types, texts and habits are those of docs/factorial/lightmill.md. What that server
answered with an error of its own is answered here with one that says what was wrong.
"""
