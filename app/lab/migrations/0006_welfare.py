"""Why a record is kept although it looks wrong; a lab's bounds and rules; what was told lately.

Also what PostgreSQL itself refuses: actions before an animal's birth and after its death. SQLite's
triggers are made by `lab.triggers` after all migrations, because later ones build tables anew.
"""

from django.db import migrations, models

ACTIONS = {
    "lab_session": "began_at",
    "lab_surgery": "began_at",
    "lab_virusinjection": "began_at",
    "lab_chronicrecording": "began_at",
    "lab_otheraction": "began_at",
    "lab_waterrestriction": "began_at",
    "lab_weighing": "at",
    "lab_wateradministration": "at",
}
# FOR SHARE waits for whoever changes the animal's dates at this moment, and lets actions pass. A
# surgery or restriction changes the animal itself afterwards: it takes the stronger lock at once,
# because two that hold the weaker one would wait for each other.
ACTION_IN_LIFE = """
CREATE FUNCTION lab_action_in_life() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    animal record;
    day date;
    instant timestamptz;
    before timestamptz;
BEGIN
    IF TG_ARGV[0] = 'at' THEN instant := NEW."at"; ELSE instant := NEW.began_at; END IF;
    IF TG_OP = 'UPDATE' THEN
        IF TG_ARGV[0] = 'at' THEN before := OLD."at"; ELSE before := OLD.began_at; END IF;
        IF instant IS NOT DISTINCT FROM before AND NEW.subject_id = OLD.subject_id
            AND NEW.after_death = OLD.after_death AND NEW.confirmed = OLD.confirmed
        THEN RETURN NEW; END IF;
    END IF;
    IF instant IS NULL OR (NEW.after_death <> '' AND NEW.confirmed <> '') THEN RETURN NEW; END IF;
    IF TG_TABLE_NAME IN ('lab_surgery', 'lab_waterrestriction') THEN
        PERFORM 1 FROM lab_subject WHERE id = NEW.subject_id FOR NO KEY UPDATE;
    END IF;
    SELECT s.nickname, s.born_on, s.died_on, l.time_zone INTO animal
        FROM lab_subject s JOIN accounts_lab l ON l.id = s.lab_id
        WHERE s.id = NEW.subject_id FOR SHARE OF s;
    day := (instant AT TIME ZONE animal.time_zone)::date;
    IF NEW.after_death = '' AND day > animal.died_on THEN
        RAISE EXCEPTION '% died on %, before that day. If this is right, say why in after_death.',
            animal.nickname, animal.died_on
            USING ERRCODE = 'check_violation', CONSTRAINT = 'action_is_not_after_death';
    END IF;
    IF NEW.confirmed = '' AND day < animal.born_on THEN
        RAISE EXCEPTION '% was born on %, after that day. If this is right, say why in confirmed.',
            animal.nickname, animal.born_on
            USING ERRCODE = 'check_violation', CONSTRAINT = 'action_is_not_before_birth';
    END IF;
    RETURN NEW;
END $$
"""
EACH = "SELECT {column} AS instant, after_death, confirmed FROM {table} WHERE subject_id = NEW.id"
DATES_SPAN_ACTIONS = """
CREATE FUNCTION lab_dates_span_actions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    zone text;
BEGIN
    SELECT time_zone INTO zone FROM accounts_lab WHERE id = NEW.lab_id;
    IF NEW.died_on IS DISTINCT FROM OLD.died_on AND EXISTS (
        SELECT 1 FROM (%(actions)s) AS act
        WHERE act.after_death = '' AND (act.instant AT TIME ZONE zone)::date > NEW.died_on
    ) THEN
        RAISE EXCEPTION 'Something was done with %% after that day, and does not say why.',
            NEW.nickname
            USING ERRCODE = 'check_violation', CONSTRAINT = 'death_is_not_before_actions';
    END IF;
    IF NEW.born_on IS DISTINCT FROM OLD.born_on AND EXISTS (
        SELECT 1 FROM (%(actions)s) AS act
        WHERE act.confirmed = '' AND (act.instant AT TIME ZONE zone)::date < NEW.born_on
    ) THEN
        RAISE EXCEPTION 'Something was done with %% before that day, and does not say why.',
            NEW.nickname
            USING ERRCODE = 'check_violation', CONSTRAINT = 'birth_is_not_after_actions';
    END IF;
    RETURN NEW;
END $$
""" % {
    "actions": " UNION ALL ".join(
        EACH.format(table=table, column=f'"{column}"') for table, column in ACTIONS.items()
    )
}
MADE = [
    ACTION_IN_LIFE,
    DATES_SPAN_ACTIONS,
    *(
        f"CREATE TRIGGER {table}_in_life BEFORE INSERT OR UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION lab_action_in_life('{column}')"
        for table, column in ACTIONS.items()
    ),
    "CREATE TRIGGER lab_subject_in_life BEFORE UPDATE OF died_on, born_on ON lab_subject "
    "FOR EACH ROW WHEN (NEW.died_on IS DISTINCT FROM OLD.died_on "
    "OR NEW.born_on IS DISTINCT FROM OLD.born_on) EXECUTE FUNCTION lab_dates_span_actions()",
]
TAKEN = [
    *(f"DROP TRIGGER {table}_in_life ON {table}" for table in [*ACTIONS, "lab_subject"]),
    "DROP FUNCTION lab_action_in_life()",
    "DROP FUNCTION lab_dates_span_actions()",
]


class OnPostgreSQL(migrations.RunSQL):
    """SQL that one of the databases understands; the others have their own way."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):

    dependencies = [
        ("lab", "0005_newest"),
    ]

    operations = [
        migrations.CreateModel(
            name="ToldLately",
            fields=[
                (
                    "key",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("told_at", models.DateTimeField(db_index=True)),
                ("claim", models.UUIDField(help_text="Whose telling it was.")),
            ],
        ),
        migrations.AddField(
            model_name="chronicrecording",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="labprofile",
            name="least_weight_g",
            field=models.FloatField(
                blank=True,
                db_default=3.0,
                default=3.0,
                null=True,
                verbose_name="least plausible weight (g)",
            ),
        ),
        migrations.AddField(
            model_name="labprofile",
            name="most_weight_g",
            field=models.FloatField(
                blank=True,
                db_default=1000.0,
                default=1000.0,
                null=True,
                verbose_name="most plausible weight (g)",
            ),
        ),
        migrations.AddField(
            model_name="labprofile",
            name="protocol_rule",
            field=models.CharField(
                choices=[
                    (
                        "now",
                        "3 while water is measured, else 2 after a surgery, else 1",
                    ),
                    (
                        "ever",
                        "3 once water was measured, else 2 after a surgery, else 1",
                    ),
                    ("by hand", "as people set it"),
                ],
                db_default="now",
                default="now",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="labprofile",
            name="weight_change_fraction",
            field=models.FloatField(
                blank=True,
                db_default=0.3,
                default=0.3,
                help_text="A fraction of the weighing before; empty: any change is plausible.",
                null=True,
                verbose_name="most plausible change of weight within a week",
            ),
        ),
        migrations.AddField(
            model_name="labprofile",
            name="welfare_check_hour",
            field=models.PositiveSmallIntegerField(
                db_default=17,
                default=17,
                help_text="From which hour of the lab's day people are told what is still to be done.",
                verbose_name="hour of the daily check",
            ),
        ),
        migrations.AddField(
            model_name="otheraction",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="surgery",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="virusinjection",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="wateradministration",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="waterrestriction",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AddField(
            model_name="weighing",
            name="confirmed",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="why it is right although it looks wrong",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("responsible_user_change", "another person is responsible"),
                    ("mouse_underweight", "an animal weighs too little"),
                    ("mouse_water", "water is due"),
                    ("mouse_not_weighed", "an animal was not weighed today"),
                    ("mouse_training", "training was missed"),
                    ("new_request", "somebody asks for animals"),
                    ("request_fulfilled", "a request for animals is fulfilled"),
                ],
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="status",
            field=models.CharField(
                choices=[
                    ("no-send", "not to be sent"),
                    ("to-send", "to be sent"),
                    ("sent", "sent"),
                    ("failed", "given up"),
                ],
                default="to-send",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="notificationrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("responsible_user_change", "another person is responsible"),
                    ("mouse_underweight", "an animal weighs too little"),
                    ("mouse_water", "water is due"),
                    ("mouse_not_weighed", "an animal was not weighed today"),
                    ("mouse_training", "training was missed"),
                    ("new_request", "somebody asks for animals"),
                    ("request_fulfilled", "a request for animals is fulfilled"),
                ],
                max_length=32,
            ),
        ),
        OnPostgreSQL(MADE, TAKEN),
    ]
