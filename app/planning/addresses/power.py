"""Addresses of power analyses, below /planning/power/."""

from django.urls import URLPattern, URLResolver, path

from planning.views import power, power_new

ONE = "power/<uuid:analysis>/"
patterns: list[URLPattern | URLResolver] = [
    path("power/upload/", power_new.new, name="power-new"),  # fronts take large files at `upload/`
    path("power/simulated/", power_new.simulated, name="power-simulated"),
    path(ONE, power.answer, name="power"),
    path(f"{ONE}peaks/", power.peaks, name="power-peaks"),
    path(f"{ONE}peaks.csv", power.peaks_table, name="power-peaks-csv"),
    path(f"{ONE}power.csv", power.curves_table, name="power-csv"),
    path(f"{ONE}viewer/", power.viewer, name="power-viewer"),
    path(f"{ONE}volume/", power.volume, name="power-volume"),
    path(f"{ONE}fit/", power.fit, name="power-fit"),
    path(f"{ONE}<slug:name>.svg", power.picture, name="power-picture"),
    path(f"{ONE}settings/", power.settings_used, name="power-settings"),
    path(f"{ONE}file/remove/", power_new.remove_file, name="power-file-remove"),
    path(f"{ONE}again/", power_new.again, name="power-again"),
]
