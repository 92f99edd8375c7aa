"""Notes with pictures, and what else hangs on a session besides its data."""

from io import BytesIO
from typing import Any

from PIL import Image
from tests.factories.lab import MORNING, made

from lab import models, recording
from lab.services import notes as service


def picture(width: int = 40, height: int = 30, kind: str = "PNG", mode: str = "RGB") -> bytes:
    content = BytesIO()
    Image.new(mode, (width, height), 7).save(content, kind)
    return content.getvalue()


def note(about: Any, by: Any, text: str = "Calm.", *, with_picture: bool = False) -> Any:
    sent = service.Sent(picture(), 800) if with_picture else None
    return service.create_note(by=by, about=about, values={"text": text}, picture=sent)


def beside(of: Any, by: Any) -> dict[str, Any]:
    """Make what hangs on a session besides its data; return what each is looked up by."""
    kept = note(of, by, with_picture=True)
    place = made(models.DatasetType, name="lick.times")
    form = made(models.DataFormat, name="csv", file_extension=".csv")
    data = made(models.Dataset, session=of, lab=of.lab, name="lick.times.csv", type=place,
                format=form)  # fmt: skip
    notice = made(models.DataNotice, name="Drift", description="*Mind* it.")
    with recording.by(None):
        notice.datasets.add(data)
    return {
        "note": kept.pk,
        "picture": kept.image.name,
        "task": made(models.Task, name="SpikeSorting", session=of).pk,
        "download": made(models.Download, user=by, dataset=data, count=1).pk,
        "notice": notice.pk,
        "surgery": made(models.Surgery, subject=of.subject, lab=of.lab, began_at=MORNING).pk,
        "procedure": made(models.ProcedureType, name="Behaviour training").name,
    }
