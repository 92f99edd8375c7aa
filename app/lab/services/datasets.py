"""Datasets that are entered one by one, as programs do that know their files."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from lab import recording
from lab.models import Dataset
from lab.services import attachment, records


@transaction.atomic
def create_dataset(*, by: User, values: Mapping[str, Any], reason: str = "") -> Dataset:
    """Enter a dataset; the probe or the plane that its folder is named like owns it."""
    with recording.by(by, reason=reason):
        dataset = records.create(kind=Dataset, by=by, values=values)
        if dataset.session:
            attachment.attach(session=dataset.session, datasets=[dataset])
    return dataset
