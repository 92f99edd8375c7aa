"""What runs before the switch, what after it, and what may not run at all."""

import pytest
from tests.integration.migrations.conftest import ADD_PHONE, CREATE_ORDER, DROP_NOTE

ADD_MAIL = 'migrations.AddField("order", "mail", models.CharField(max_length=9, null=True))'


def test_the_early_phase_stops_before_what_is_late_and_the_late_phase_finishes(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.migration("0003_drop_note", DROP_NOTE, late=True)
    plan = shop.plan()
    assert (plan.early, plan.late) == (["shop.0002_phone"], ["shop.0003_drop_note"])
    assert not plan.refusals
    assert shop.apply("early") == ["shop.0002_phone"]
    assert shop.columns("shop_order") == {"id", "note", "phone"}
    assert shop.apply("early") == []
    assert shop.apply("late") == ["shop.0003_drop_note"]
    assert shop.columns("shop_order") == {"id", "phone"}
    assert shop.apply("late") == []


def test_the_late_phase_applies_everything_that_remains(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.migration("0003_drop_note", DROP_NOTE, late=True)
    assert shop.apply("late") == ["shop.0002_phone", "shop.0003_drop_note"]


def test_on_an_empty_database_all_is_early_and_nothing_is_refused(project):
    project.migration("0002_drop_note", DROP_NOTE, late=True)
    project.migration("0003_phone", ADD_PHONE)
    plan = project.plan()
    assert plan.early == ["shop.0001_initial", "shop.0002_drop_note", "shop.0003_phone"]
    assert not plan.late
    assert not plan.refusals
    assert project.apply("early") == plan.early


def test_a_first_release_that_never_went_live_leaves_nothing_to_protect(shop):
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    shop.migration("0003_phone", ADD_PHONE)
    shop.release, shop.live = "20260101T000000Z-abc", str(shop.folder / "live")
    assert shop.plan().early == ["shop.0002_drop_note", "shop.0003_phone"]
    (shop.folder / "live").symlink_to(shop.folder)
    assert shop.plan().late == ["shop.0002_drop_note", "shop.0003_phone"]


def test_an_early_migration_after_a_pending_late_one_is_refused(shop):
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    shop.migration("0003_phone", ADD_PHONE)
    plan = shop.plan()
    assert plan.kinds == {("early-after-late", "shop.0003_phone")}
    assert "shop.0002_drop_note" in plan.refusals[0]["message"]
    assert "late = True" in plan.refusals[0]["remedy"]
    result = shop.run("migrate_phase", "early")
    assert result.code == 1
    assert "shop.0003_phone is early but depends on" in result.err
    assert shop.recorded() == ["shop.0001_initial"]


def test_once_the_late_one_is_applied_its_follower_may_be_early(shop):
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    shop.apply("late")
    shop.migration("0003_phone", ADD_PHONE)
    assert shop.plan().early == ["shop.0003_phone"]
    assert not shop.plan().refusals


def test_only_the_first_one_out_of_order_is_blamed(shop):
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    shop.migration("0003_phone", ADD_PHONE)
    shop.migration("0004_nothing")
    assert shop.plan().kinds == {("early-after-late", "shop.0003_phone")}


def test_what_can_wait_becomes_late_with_the_late_one_that_it_follows(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.migration("0003_drop_note", DROP_NOTE, late=True)
    shop.migration("0004_drop_phone", 'migrations.RemoveField("order", "phone")')
    shop.migration("0005_merge")
    plan = shop.plan()
    assert plan.early == ["shop.0002_phone"]
    assert plan.late == ["shop.0003_drop_note", "shop.0004_drop_phone", "shop.0005_merge"]
    assert not plan.refusals


def test_one_that_says_it_is_early_may_not_follow_a_late_one(shop):
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    shop.migration("0003_merge", late=False)
    assert shop.plan().kinds == {("early-after-late", "shop.0003_merge")}


def test_order_is_judged_across_apps(shop):
    shop.apps.append("stock")
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    item = CREATE_ORDER.replace("Order", "Item")
    shop.migration("0001_initial", item, app="stock", depends=[("shop", "0002_drop_note")])
    assert shop.plan().kinds == {("early-after-late", "stock.0001_initial")}


def test_a_migration_that_the_code_lost_is_a_ghost(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.apply("early")
    shop.remove("0002_phone")
    plan = shop.plan()
    assert plan.ghosts == ["shop.0002_phone"]
    assert plan.kinds == {("ghost", "shop.0002_phone")}
    assert "git log --all" in plan.refusals[0]["remedy"]
    for phase in ("early", "late"):
        assert shop.run("migrate_phase", phase).code == 1


def test_a_rollback_may_see_ghosts(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.apply("early")
    shop.remove("0002_phone")
    plan = shop.plan("--allow-ghosts")
    assert plan.ghosts == ["shop.0002_phone"]
    assert not plan.refusals
    assert shop.run("migrate_phase", "late", "--allow-ghosts").code == 0


def test_two_last_migrations_of_one_app_conflict(shop):
    first = [("shop", "0001_initial")]
    shop.migration("0002_phone", ADD_PHONE, depends=first)
    shop.migration("0002_mail", ADD_MAIL, depends=first)
    plan = shop.plan()
    assert plan.kinds == {("conflict", "shop.0002_mail")}
    assert "makemigrations --merge shop" in plan.refusals[0]["remedy"]
    assert shop.run("migrate_phase", "early").code == 1
    assert shop.recorded() == ["shop.0001_initial"]


def test_a_dependency_that_does_not_exist_is_refused_with_its_name(shop):
    shop.migration("0002_phone", ADD_PHONE, depends=[("shop", "0001_lost")])
    plan = shop.plan()
    assert {kind for kind, _ in plan.kinds} == {"graph"}
    assert "0001_lost" in plan.refusals[0]["message"]


def test_a_history_that_the_code_contradicts_is_refused(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.apply("early")
    shop.migration("0001_before", depends=[("shop", "0001_initial")])
    shop.migration("0002_phone", ADD_PHONE, depends=[("shop", "0001_before")])
    assert ("history", "shop.0002_phone") in shop.plan().kinds


SQUASH = [("shop", "0001_initial"), ("shop", "0002_phone")]


def squash(project):
    phone = '("phone", models.CharField(max_length=9, null=True))'
    create = CREATE_ORDER.replace("\n])", f"\n    {phone},\n])")
    project.migration("0001_squashed", create, depends=[], replaces=SQUASH)


def test_a_squash_of_what_is_applied_leaves_nothing_to_do(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.apply("early")
    squash(shop)
    assert shop.plan().early == []
    assert not shop.plan().refusals
    assert shop.apply("early") == []
    assert "shop.0001_squashed" in shop.recorded()
    for name in ("0001_initial", "0002_phone"):
        shop.remove(name)
    assert not shop.plan().ghosts


def test_a_squash_of_what_is_half_applied_runs_the_rest(shop):
    shop.migration("0002_phone", ADD_PHONE)
    squash(shop)
    assert shop.plan().early == ["shop.0002_phone"]
    assert shop.apply("early") == ["shop.0002_phone"]
    assert not shop.plan().early


def test_a_squash_runs_alone_on_an_empty_database(project):
    project.migration("0002_phone", ADD_PHONE)
    squash(project)
    assert project.apply("early") == ["shop.0001_squashed"]
    assert project.columns("shop_order") == {"id", "note", "phone"}


def test_a_migration_that_is_not_atomic_may_do_one_thing_only(shop):
    shop.migration("0002_two", ADD_PHONE, ADD_MAIL, atomic=False)
    assert shop.plan().kinds == {("half-done", "shop.0002_two")}
    shop.migration("0002_two", ADD_PHONE, depends=[("shop", "0001_initial")], atomic=False)
    assert not shop.plan().refusals
    assert shop.apply("early") == ["shop.0002_two"]


RULE = """
from ops import migration_rulings
migration_rulings.RULINGS = {{
    "shop.0002_drop_note": migration_rulings.Ruling(late={late}, reason="nobody reads it"),
}}
"""


@pytest.mark.parametrize(("late", "phase"), [(False, "early"), (True, "late")])
def test_a_ruling_decides_about_a_package_that_we_cannot_edit(shop, late, phase):
    shop.migration("0002_drop_note", DROP_NOTE)
    assert shop.plan().kinds == {("contracting", "shop.0002_drop_note")}
    shop.prelude = RULE.format(late=late)
    assert not shop.plan().refusals
    assert getattr(shop.plan(), phase) == ["shop.0002_drop_note"]


def test_a_description_says_what_is_late_and_what_can_be_undone(shop):
    shop.migration("0002_drop_note", DROP_NOTE, late=True)
    shop.migration("0003_fill", "migrations.RunPython(lambda apps, editor: None)", late=True)
    assert shop.plan(
        "--describe", "shop.0001_initial", "shop.0002_drop_note", "shop.0003_fill"
    ) == {
        "shop.0001_initial": {"late": False, "reversible": True},
        "shop.0002_drop_note": {"late": True, "reversible": True},
        "shop.0003_fill": {"late": True, "reversible": False},
    }


def test_a_description_leaves_out_what_this_release_does_not_have(shop):
    names = ("shop.0001_initial", "shop.0009_lost", "nonsense")
    assert list(shop.plan("--describe", *names)) == ["shop.0001_initial"]
