"""Of an animal one restriction is open. Late, because the release before knows no such rule."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    late = True
    dependencies = [("lab", "0010_apart_restrictions")]

    operations = [
        migrations.AddConstraint(
            model_name="waterrestriction",
            constraint=models.UniqueConstraint(
                condition=Q(("began_at__isnull", False), ("ended_at", None)),
                fields=("subject",),
                name="subject_has_one_open_restriction",
            ),
        ),
    ]
