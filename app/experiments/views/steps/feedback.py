"""What a lab's function says, and perhaps items below it."""

from experiments.views.steps import page
from experiments.views.steps.kind import Kind

KIND = Kind("feedback", page.show, page.take)
