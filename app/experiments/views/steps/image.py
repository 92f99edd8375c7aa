"""The current stimulus above a page of items."""

from experiments.views.steps import page
from experiments.views.steps.kind import Kind

KIND = Kind("page", page.show, page.take)
