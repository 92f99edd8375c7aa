"""Of restrictions that overlap, all but an animal's last end where the next began.

Late like the one before it and the one after, which holds what this brings about.
"""

from itertools import groupby

from django.db import migrations
from django.db.models import Count

WHY = "It overlapped the next one."


def end_overlapping(apps, _schema_editor):
    model = apps.get_model("lab", "WaterRestriction")
    rows = model.objects.filter(ended_at=None).exclude(began_at=None)
    several = rows.order_by().values("subject").annotate(count=Count("pk")).filter(count__gt=1)
    keys = list(several.values_list("subject", flat=True))
    open_ = rows.filter(subject__in=keys).order_by("subject", "began_at", "pk")
    for _, group in groupby(open_, key=lambda row: row.subject_id):
        found = list(group)
        for row, following in zip(found, found[1:], strict=False):
            row.ended_at, row.confirmed = following.began_at, row.confirmed or WHY
            row.save(update_fields=["ended_at", "confirmed"])


class Migration(migrations.Migration):
    late = True
    dependencies = [("lab", "0009_colony_constraints")]

    operations = [migrations.RunPython(end_overlapping, migrations.RunPython.noop)]
