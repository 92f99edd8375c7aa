"""What no pair and no rule of the colony is, whoever writes it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    late = True

    dependencies = [
        ("lab", "0008_file_scans"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="breedingpair",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("father", None),
                    models.Q(
                        models.Q(
                            ("mother1", None),
                            models.Q(("father", models.F("mother1")), _negated=True),
                            _connector="OR",
                        ),
                        models.Q(
                            ("mother2", None),
                            models.Q(("father", models.F("mother2")), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="pair_s_father_is_no_mother",
            ),
        ),
        migrations.AddConstraint(
            model_name="zygosity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("origin__in", ["stated", "tested", "unknown", "inferred"])
                ),
                name="zygosity_origin_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="zygosityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__in", [0, 1, 2, 3])),
                name="zygosity_rule_value_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="zygosityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("result0__in", [0, 1]),
                    models.Q(
                        ("result1", None), ("result1__in", [0, 1]), _connector="OR"
                    ),
                ),
                name="zygosity_rule_results_are_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="zygosityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sequence1", None),
                    models.Q(("sequence1", models.F("sequence0")), _negated=True),
                    _connector="OR",
                ),
                name="zygosity_rule_asks_for_two_sequences",
            ),
        ),
    ]
