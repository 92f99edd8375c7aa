"""What was deleted says of which projects it was, so that it stays as hidden as it was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("lab", "0012_water_rule_in_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="deletedrecord",
            name="projects",
            field=models.ManyToManyField(
                help_text="That it belonged to.", related_name="+", to="accounts.project"
            ),
        ),
    ]
