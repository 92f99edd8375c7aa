"""Addresses of power analyses, below /planning/power/."""

from django.urls import URLPattern, URLResolver, path

from planning.views import power, power_new

ONE = "power/<uuid:analysis>/"
patterns: list[URLPattern | URLResolver] = [
    path("power/upload/", power_new.new, name="power-new"),  # fronts take large files at `upload/`
    path(ONE, power.answer, name="power"),
    path(f"{ONE}peaks/", power.peaks, name="power-peaks"),
    path(f"{ONE}peaks.csv", power.peaks_table, name="power-peaks-csv"),
    path(f"{ONE}power.csv", power.curves_table, name="power-csv"),
    path(f"{ONE}settings/", power.settings_used, name="power-settings"),
    path(f"{ONE}again/", power_new.again, name="power-again"),
]
