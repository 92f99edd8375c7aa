"""A rule in other words; nothing in the database changes. Late, as what it follows may wait."""

from django.db import migrations, models


class Migration(migrations.Migration):
    late = True
    dependencies = [("lab", "0011_one_restriction")]

    operations = [
        migrations.AlterField(
            model_name="labprofile",
            name="water_rule",
            field=models.CharField(
                choices=[
                    ("gram", "in proportion to the animal's weight"),
                    (
                        "deficit",
                        "in proportion to what it lacks of the lab's fraction of its reference weight",
                    ),
                    ("fixed", "the same for every animal"),
                ],
                default="gram",
                max_length=8,
            ),
        ),
    ]
