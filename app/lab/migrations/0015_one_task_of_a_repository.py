"""A task without a session is there once in its repository. Late, as its rule is new."""

from django.db import migrations, models


class Migration(migrations.Migration):
    late = True
    dependencies = [("lab", "0014_apart_tasks")]

    operations = [
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(
                condition=models.Q(("session", None)),
                fields=("name", "repository", "arguments"),
                name="task_unique_in_repository",
                violation_error_code="unique",
                violation_error_message="This repository has such a task already.",
            ),
        ),
    ]
