"""How each kind of step is shown, and what becomes of what comes back; one module for each kind."""

from collections.abc import Mapping

from experiments.views.steps import (
    consent,
    feedback,
    group,
    image,
    page,
    registration,
    sign_in,
    trial,
)
from experiments.views.steps.kind import Kind

KINDS: Mapping[str, Kind] = {
    "page": page.KIND,
    "image": image.KIND,
    "consent": consent.KIND,
    "feedback": feedback.KIND,
    "group": group.KIND,
    "trial": trial.KIND,
    "registration": registration.KIND,
    "e-mail": registration.KIND,
    "sign-in": sign_in.KIND,
}
