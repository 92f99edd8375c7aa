"""What an early migration may not take from the release that is running, operation by operation."""

import pytest
from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as op
from django.db.migrations.state import ProjectState

from ops import contracting

KEY = ("id", models.BigAutoField(primary_key=True))


def text(size=20, **options):
    return models.CharField(max_length=size, **options)


def number(**options):
    return models.IntegerField(**options)


def link(to="shop.Buyer", **options):
    return models.ForeignKey(to, models.CASCADE, **options)


BEFORE = [
    op.CreateModel("Buyer", [KEY, ("name", text())]),
    op.CreateModel(
        "Order",
        [
            KEY,
            ("note", text()),
            ("code", text(null=True)),
            ("country", text(db_default="GB")),
            ("size", number()),
            ("price", models.DecimalField(max_digits=8, decimal_places=2)),
            ("buyer", link()),
            ("watchers", models.ManyToManyField("shop.Buyer", related_name="+")),
        ],
    ),
    op.CreateModel("Proxy", [], options={"proxy": True}, bases=("shop.Order",)),
    op.CreateModel("View", [KEY, ("total", number())], options={"managed": False}),
]
UNIQUE_NOTE = models.UniqueConstraint(fields=["note"], name="one_note")
UNIQUE_PHONE = models.UniqueConstraint(fields=["phone"], name="one_phone")
POSITIVE = models.CheckConstraint(condition=models.Q(size__gt=0), name="positive")


def state_before():
    state = ProjectState()
    for operation in BEFORE:
        operation.state_forwards("shop", state)
    return state


def findings(*migrations, late=()):
    """Return (migration, message) of what the given lists of operations take away."""
    steps = []
    for number_, operations in enumerate(migrations, start=2):
        step = Migration(f"{number_:04}", "shop")
        step.operations = list(operations)
        steps.append(step)
    keys = frozenset(("shop", name) for name in late)
    found = contracting.inspect(steps, state_before(), late=keys)
    return [(one.migration, one.message) for one in found]


TAKES_AWAY = {
    "dropping a table": (op.DeleteModel("Order"), "drops the table of Order"),
    "dropping a column": (op.RemoveField("order", "note"), "drops order.note"),
    "dropping a relation": (op.RemoveField("order", "watchers"), "drops order.watchers"),
    "renaming a column": (op.RenameField("order", "note", "text"), "renames order.note to text"),
    "renaming a model": (op.RenameModel("Order", "Purchase"), "renames Order to Purchase"),
    "renaming a table": (op.AlterModelTable("order", "purchases"), "renames the table of order"),
    "NOT NULL": (op.AlterField("order", "code", text()), "becomes NOT NULL"),
    "NOT NULL in spite of a default for others": (
        op.AlterField("order", "code", text(db_default="")),
        "becomes NOT NULL",
    ),
    "a shorter text": (
        op.AlterField("order", "note", text(10)),
        "max_length shrinks from 20 to 10",
    ),
    "a limit for a text": (op.AlterField("order", "note", text(19)), "max_length shrinks"),
    "another type": (
        op.AlterField("order", "note", number()),
        "type changes from CharField to IntegerField",
    ),
    "a smaller number": (
        op.AlterField("order", "size", models.SmallIntegerField()),
        "type changes from IntegerField to SmallIntegerField",
    ),
    "a number that may no longer be negative": (
        op.AlterField("order", "size", models.PositiveIntegerField()),
        "type changes",
    ),
    "fewer digits": (
        op.AlterField("order", "price", models.DecimalField(max_digits=7, decimal_places=2)),
        "fewer digits",
    ),
    "more places at the cost of digits": (
        op.AlterField("order", "price", models.DecimalField(max_digits=8, decimal_places=4)),
        "fewer digits",
    ),
    "a unique column": (op.AlterField("order", "note", text(unique=True)), "becomes unique"),
    "another column name": (
        op.AlterField("order", "note", text(db_column="memo")),
        "column is renamed",
    ),
    "a lost database default": (
        op.AlterField("order", "country", text()),
        "loses its default in the database",
    ),
    "another relation": (op.AlterField("order", "buyer", link("shop.Order")), "another relation"),
    "a relation for a number": (op.AlterField("order", "size", link()), "another relation"),
    "a many-to-many to others": (
        op.AlterField("order", "watchers", models.ManyToManyField("shop.Order")),
        "another relation",
    ),
    "a column that old rows lack": (op.AddField("order", "phone", text()), "NOT NULL without"),
    "a Python default, which the old code has not": (
        op.AddField("order", "phone", text(default="")),
        "NOT NULL without",
    ),
    "a relation that old rows lack": (op.AddField("order", "agent", link()), "NOT NULL without"),
    "a unique column with one default": (
        op.AddField("order", "phone", text(unique=True, db_default="")),
        "unique with one default",
    ),
    "a unique constraint": (op.AddConstraint("order", UNIQUE_NOTE), "adds the constraint one_note"),
    "a check": (op.AddConstraint("order", POSITIVE), "adds the constraint positive"),
    "unique together": (
        op.AlterUniqueTogether("order", {("note", "size")}),
        "makes (note, size) of order unique",
    ),
    "an order column": (op.AlterOrderWithRespectTo("order", "buyer"), "the order column"),
    "a drop in the database only": (
        op.SeparateDatabaseAndState(database_operations=[op.RemoveField("order", "note")]),
        "drops order.note",
    ),
}
HARMLESS = {
    "a new table": op.CreateModel("Item", [KEY, ("name", text(unique=True))]),
    "a column that may be empty": op.AddField("order", "phone", text(null=True)),
    "a column with a database default": op.AddField("order", "phone", text(db_default="")),
    "a unique column that may be empty": op.AddField(
        "order", "phone", text(null=True, unique=True)
    ),
    "a many-to-many": op.AddField("order", "fans", models.ManyToManyField("shop.Buyer")),
    "a computed column": op.AddField(
        "order",
        "double",
        models.GeneratedField(
            expression=models.F("size") * 2, output_field=number(), db_persist=True
        ),
    ),
    "a longer text": op.AlterField("order", "note", text(40)),
    "a text without limit": op.AlterField("order", "note", models.TextField()),
    "a slug instead of a text": op.AlterField("order", "note", models.SlugField(max_length=20)),
    "a bigger number": op.AlterField("order", "size", models.BigIntegerField()),
    "more digits": op.AlterField(
        "order", "price", models.DecimalField(max_digits=12, decimal_places=3)
    ),
    "NULL allowed": op.AlterField("order", "note", text(null=True)),
    "other words in forms": op.AlterField("order", "note", text(help_text="new", blank=True)),
    "the column named as it is": op.AlterField("order", "note", text(db_column="note")),
    "a unique relation kept": op.AlterField("order", "buyer", link(null=True)),
    "an index": op.AddIndex("order", models.Index(fields=["note"], name="by_note")),
    "a table named as it is": op.AlterModelTable("order", "shop_order"),
    "options": op.AlterModelOptions("order", {"ordering": ["note"]}),
    "a proxy deleted": op.DeleteModel("Proxy"),
    "an unmanaged table deleted": op.DeleteModel("View"),
    "an unmanaged column removed": op.RemoveField("view", "total"),
    "Python": op.RunPython(op.RunPython.noop),
    "a field forgotten by the code only": op.SeparateDatabaseAndState(
        state_operations=[op.RemoveField("order", "note")]
    ),
}


@pytest.mark.parametrize("name", TAKES_AWAY)
def test_an_early_migration_may_not_bring(name):
    operation, fragment = TAKES_AWAY[name]
    found = findings([operation])
    assert len(found) == 1
    assert found[0][0] == "shop.0002"
    assert fragment in found[0][1]


@pytest.mark.parametrize("name", TAKES_AWAY)
def test_a_late_migration_may_bring(name):
    assert not findings([TAKES_AWAY[name][0]], late=["0002"])


@pytest.mark.parametrize("name", HARMLESS)
def test_an_early_migration_may_bring(name):
    assert not findings([HARMLESS[name]])


SQL_TAKES_AWAY = [
    "DROP TABLE shop_order",
    "ALTER TABLE shop_order DROP COLUMN note",
    "ALTER TABLE shop_order DROP note",
    "alter table shop_order\n  rename  to purchases",
    "ALTER TABLE shop_order RENAME COLUMN note TO memo",
    "ALTER TABLE shop_order ALTER COLUMN code SET NOT NULL",
    "ALTER TABLE shop_order ALTER size TYPE smallint",
    "ALTER TABLE shop_order ALTER COLUMN country DROP DEFAULT",
    "ALTER TABLE shop_order ADD CONSTRAINT one UNIQUE (note)",
    "ALTER TABLE shop_order ADD COLUMN phone varchar(9) NOT NULL",
    "ALTER TABLE shop_order ADD COLUMN price numeric(8, 2) NOT NULL",
    "CREATE UNIQUE INDEX one ON shop_order (note)",
    "TRUNCATE shop_order",
    "SELECT 1; DROP VIEW totals",
    "REVOKE SELECT ON shop_order FROM app",
]
SQL_HARMLESS = [
    "",
    "CREATE INDEX by_note ON shop_order (note)",
    "DROP INDEX by_note",
    "ALTER INDEX by_note RENAME TO by_text",
    "ALTER TABLE shop_order DROP CONSTRAINT one",
    "ALTER TABLE shop_order ALTER COLUMN note DROP NOT NULL",
    "ALTER TABLE shop_order ADD COLUMN phone varchar(9)",
    "ALTER TABLE shop_order ADD COLUMN phone varchar(9) NOT NULL DEFAULT ''",
    "UPDATE shop_order SET note = 'DROP TABLE shop_order; it''s a joke'",
    "-- DROP TABLE shop_order\nSELECT 1 /* TRUNCATE */",
    "CREATE TABLE extra (name text NOT NULL)",
]


@pytest.mark.parametrize("sql", SQL_TAKES_AWAY)
def test_sql_that_takes_away_is_found(sql):
    assert findings([op.RunSQL(sql)])
    assert findings([op.RunSQL(["SELECT 1", (sql.replace("%", "%%"), None)])])


@pytest.mark.parametrize("sql", SQL_HARMLESS)
def test_sql_that_only_adds_is_left_alone(sql):
    assert not findings([op.RunSQL(sql)])


def test_every_remedy_says_what_to_type():
    step = Migration("0002", "shop")
    for operation, _ in TAKES_AWAY.values():
        step.operations = [operation]
        for found in contracting.inspect([step], state_before(), late=frozenset()):
            assert "late = True" in found.remedy


NEW = op.CreateModel("Item", [KEY, ("name", text()), ("extra", text())])


def test_a_table_of_this_very_plan_is_free():
    assert not findings(
        [NEW],
        [
            op.AddField("item", "code", text()),
            op.RemoveField("item", "extra"),
            op.RenameField("item", "name", "title"),
            op.AlterField("item", "title", text(5, unique=True)),
            op.RenameModel("Item", "Thing"),
        ],
        [op.RemoveField("thing", "code"), op.DeleteModel("Thing")],
    )


def test_a_table_that_only_a_late_migration_makes_is_not_free_before_it():
    found = findings([NEW], [op.AddField("order", "phone", text())], late=["0002"])
    assert [name for name, _ in found] == ["shop.0003"]


PHONE = op.AddField("order", "phone", text(null=True))


def test_a_column_of_this_very_plan_may_be_renamed_and_dropped():
    assert not findings([PHONE], [op.RenameField("order", "phone", "mobile")])
    assert not findings([PHONE], [op.RemoveField("order", "phone")])
    renamed = op.RenameField("order", "phone", "mobile")
    assert not findings([PHONE, renamed], [op.RemoveField("order", "mobile")])


def test_a_column_of_this_very_plan_may_not_be_tightened_early():
    """The running release does not write it, so its rows would be refused."""
    found = findings([PHONE], [op.AlterField("order", "phone", text())])
    assert [name for name, _ in found] == ["shop.0003"]
    assert not findings([PHONE], [op.AlterField("order", "phone", text())], late=["0003"])


def test_a_column_of_this_very_plan_may_become_not_null_with_a_database_default():
    assert not findings([PHONE], [op.AlterField("order", "phone", text(db_default=""))])


def test_a_column_of_this_very_plan_that_stays_empty_may_be_unique():
    """The running release leaves NULL there, and NULLs do not collide."""
    assert not findings([PHONE], [op.AlterField("order", "phone", text(null=True, unique=True))])
    assert not findings([PHONE], [op.AddConstraint("order", UNIQUE_PHONE)])
    assert not findings([PHONE], [op.AlterUniqueTogether("order", {("note", "phone")})])


def test_a_unique_constraint_that_counts_empty_as_a_value_may_not():
    strict = models.UniqueConstraint(fields=["phone"], name="one", nulls_distinct=False)
    assert findings([PHONE], [op.AddConstraint("order", strict)])


def test_a_column_added_by_state_and_database_apart_is_free_too():
    apart = op.SeparateDatabaseAndState(database_operations=[PHONE], state_operations=[PHONE])
    assert not findings([apart], [op.RemoveField("order", "phone")])
