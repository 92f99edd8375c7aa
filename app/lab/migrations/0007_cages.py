"""Which cage stands in another's place; and on PostgreSQL, that none lives in two at a time.

SQLite's triggers are made by `lab.triggers` after all migrations.
"""

import django.db.models.deletion
from django.db import migrations, models

# It looks when the statement is done, so that one may end and the next begin in either order.
# The lock lets two who move the same animal go one after the other; others may speak of it.
APART = """
CREATE FUNCTION lab_housing_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM lab_subject WHERE id = NEW.subject_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM lab_housingperiod AS other
        WHERE other.subject_id = NEW.subject_id AND other.id <> NEW.id
            AND (NEW.ended_at IS NULL OR other.began_at < NEW.ended_at)
            AND (other.ended_at IS NULL OR other.ended_at > NEW.began_at)
    ) THEN
        RAISE EXCEPTION 'The animal lives in another cage at that time.'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'subject_lives_in_one_cage_at_a_time';
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER lab_housingperiod_apart
    AFTER INSERT OR UPDATE OF subject_id, began_at, ended_at ON lab_housingperiod
    FOR EACH ROW EXECUTE FUNCTION lab_housing_apart()
"""
TAKEN = [
    "DROP TRIGGER lab_housingperiod_apart ON lab_housingperiod",
    "DROP FUNCTION lab_housing_apart()",
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
        ("lab", "0006_welfare"),
    ]

    operations = [
        migrations.AddField(
            model_name="housing",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The same cage under later conditions; empty for what it is like now.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replaces",
                to="lab.housing",
            ),
        ),
        OnPostgreSQL([APART, TRIGGER], TAKEN),
    ]
