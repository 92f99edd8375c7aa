"""What a web process may be asked to compute: what ends in a moment and in little memory."""

from fmriplan.design.experiment import Experiment

MOST_TRIALS, MOST_SCANS = 1500, 3000
MOST_ADDED = 4_000_000  # numbers of what trials add to scans
MOST_SHOWN = 50_000  # ticks of the longest stimulus
LONGEST_SHOWN_S = 600.0
LONGER = (
    "That is more than a page computes while you wait. Make the plan smaller or its tick longer, "
    "or start a search, which takes its time."
)


def too_large(experiment: Experiment) -> str:
    """Return why a page does not compute with an experiment; nothing where it does."""
    if experiment.trials > MOST_TRIALS or experiment.scans > MOST_SCANS:
        return f"The plan has {experiment.trials:,} trials and {experiment.scans:,} scans. {LONGER}"
    shown = int(experiment.shown.max())
    response = experiment.response.length / experiment.tick_s
    added = (shown + response) * len(experiment.columns) * (1 + experiment.derivatives)
    if shown > MOST_SHOWN or added > MOST_ADDED:
        return f"The plan has ticks of {experiment.tick_s:g} s, which are very short. {LONGER}"
    return ""
