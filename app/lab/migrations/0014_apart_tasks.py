"""Of tasks without a session that say the same, all but one get a number behind their names.

Late like the one before it and the one after, which holds what this brings about.
"""

import json
from itertools import groupby

from django.db import migrations

LONGEST = 64


def what_it_says(row):
    return str(row.repository_id), row.name, json.dumps(row.arguments, sort_keys=True)


def number_alike(apps, _schema_editor):
    model = apps.get_model("lab", "Task")
    rows = model.objects.filter(session=None).exclude(repository=None)
    taken = {what_it_says(row) for row in rows}
    for _, group in groupby(sorted(rows, key=what_it_says), key=what_it_says):
        for row in list(group)[1:]:
            row.name = free_name(row, taken)
            row.save(update_fields=["name"])


def free_name(row, taken):
    name, number = row.name, 1
    while what_it_says(row) in taken:
        number += 1
        ending = f" ({number})"
        row.name = name[: LONGEST - len(ending)] + ending
    taken.add(what_it_says(row))
    return row.name


class Migration(migrations.Migration):
    late = True
    dependencies = [("lab", "0013_projects_of_the_deleted")]

    operations = [migrations.RunPython(number_alike, migrations.RunPython.noop)]
