"""What other engines than this machine's processes note about a job; all of it is new and may stay empty."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.AddField(
            "job", "engine", models.CharField(blank=True, db_default="", default="", max_length=10)
        ),
        migrations.AddField(
            "job",
            "reference",
            models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField("job", "sent_at", models.DateTimeField(blank=True, null=True)),
    ]
