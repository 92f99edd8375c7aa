"""What the unchanged ONE client does with a server; run in a process and a home of its own.

python one_steps.py ADDRESS NAME PASSWORD     prints what it learned as JSON
"""

import json
import sys

from one.webclient import AlyxClient


def steps(address, name, password):
    """Sign in, create, search, change; yield the name and the outcome of each step."""
    alyx = AlyxClient(
        base_url=address, username=name, password=password, silent=True, cache_rest=None
    )
    yield "signed in as", alyx.user
    yield "endpoints", sorted(alyx.rest_schemes.endpoints)
    lab = alyx.rest("labs", "list")[0]["name"]
    yield "project", alyx.rest("projects", "create", data={"name": "Maze", "users": [name]})
    animal = {"nickname": "KS014", "lab": lab, "projects": ["Maze"], "birth_date": "2026-01-01"}
    yield "subject", alyx.rest("subjects", "create", data=animal)
    facts = {
        "subject": "KS014", "start_time": "2026-03-02T10:00:00", "number": 1, "users": [name],
        "task_protocol": "choice_1.2", "projects": ["Maze"],
    }  # fmt: skip
    session = alyx.rest("sessions", "create", data=facts)
    yield "session", session
    yield "again", alyx.rest("sessions", "create", data=facts)["id"] == session["id"]
    yield "by day", len(alyx.rest("sessions", "list", date_range=["2026-03-02", "2026-03-02"]))
    phrase = "subject__nickname,KS014,start_time__date,2026-03-02"
    yield "by phrase", len(alyx.rest("sessions", "list", django=phrase))
    yield "qc", alyx.rest("sessions", "partial_update", id=session["id"], data={"qc": "PASS"})["qc"]
    alyx.json_field_update("sessions", session["id"], "extended_qc", {"task": 0.9})
    yield "extended_qc", alyx.rest("sessions", "read", id=session["id"])["extended_qc"]
    weight = {"subject": "KS014", "weight": 23.5, "date_time": "2026-03-02T09:00:00"}
    yield "weighing", alyx.rest("weighings", "create", data=weight)
    alyx.rest("sessions", "delete", id=session["id"])
    yield "left", len(alyx.rest("sessions", "list", subject="KS014"))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(steps(*sys.argv[1:]))) + "\n")
