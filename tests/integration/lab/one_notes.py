"""Notes, tasks and surgeries, as the unchanged ONE client writes them."""

import json
import warnings
from io import BytesIO

import requests
from PIL import Image


def steps(alyx, eid, name):
    """Write a note with a picture, and free data; ask for them again."""
    picture = BytesIO()
    Image.new("RGB", (1600, 800)).save(picture, "PNG")
    facts = {"user": name, "content_type": "session", "object_id": eid, "text": "snapshot",
             "width": 400, "json": json.dumps({"name": "snapshot"})}  # fmt: skip
    picture.seek(0)
    note = alyx.rest("notes", "create", data=facts, files={"image": picture})
    yield "note", [note["content_type"], note["json"], note["image"].partition("/alyx/")[2][:15]]
    shown = requests.get(note["image"], headers=alyx._headers, timeout=60).content
    yield "picture", list(Image.open(BytesIO(shown)).size)
    phrase = f"object_id,{eid},text,snapshot,json__name,snapshot"
    yield "notes", len(alyx.rest("notes", "list", django=phrase))
    yield "notes of the session", len(alyx.rest("sessions", "read", id=eid)["notes"])
    alyx.json_field_update("notes", note["id"], "json", {"tag": 1})
    yield "free data", alyx.json_field_remove_key("notes", note["id"], "json", "name")
    alyx.json_field_write("sessions", eid, "json", {"a": 1})
    alyx.json_field_delete("sessions", eid, "json")
    yield "free data of the session", alyx.rest("sessions", "read", id=eid)["json"]
    alyx.rest("notes", "delete", id=note["id"])
    try:
        alyx.rest("notes", "create", data=facts | {"object_id": "nothing"})
    except requests.HTTPError as error:
        yield "refused", "object_id" in str(error)
    yield from steps_of_a_pipeline(alyx, eid)


def steps_of_a_pipeline(alyx, eid):
    """Enter and report a task as ibllib does, and a surgery."""
    step = {"name": "Sort", "session": eid, "status": "Waiting", "module": "ibllib", "log": None,
            "parents": [], "time_out_sec": 60}  # fmt: skip
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        task = alyx.rest("tasks", "create", data=step)
    yield "warnings", [str(each.message)[:78] for each in told if "kept" in str(each.message)]
    alyx.rest("tasks", "partial_update", id=task["id"], data={"status": "Started"})
    yield "task", [each["status"] for each in alyx.rest("tasks", "list", session=eid)]
    cut = {"subject": "KS014", "start_time": "2026-02-01T10:00:00", "implant_weight": 1.2}
    yield "surgery", alyx.rest("surgeries", "create", data=cut)["implant_weight"]
