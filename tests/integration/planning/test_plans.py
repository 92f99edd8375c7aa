"""Plans of tasks: made by a form and as text, changed, copied, put away."""

import pytest
from django.urls import reverse
from tests.factories import accounts, studies

from accounts.models import AuditEntry
from fmriplan.design import specification
from planning.errors import PlanChanged
from planning.models import Plan
from planning.services import designs

ROWS = (("faces", "", "1"), ("houses", "", "1"))


def filled(project, *, rows=ROWS, **changed):
    """Return the form as a beginner fills it."""
    fields = {
        "project": project.pk, "name": "Faces", "trials": "40", "minutes": "", "tr_s": "2",
        "gaps": "exponential", "gap_mean_s": "3", "gap_min_s": "2", "gap_max_s": "8",
        "compare": "pairs", "contrasts": "", "detection": "0.5", "counterbalancing": "0.25",
        "frequencies": "0.25", "estimation": "0", "runs": "1",
        "exact_counts": "on", "longest_run": "", "forbidden": "",
        "first": "", "last": "", "depth": "3", "before_s": "0", "after_s": "0",
        "rest_after": "", "rest_s": "", "lead_in_s": "0", "tail_s": "10", "rho": "0.3",
        "high_pass_s": "128", "tick_s": "0.1", "accept": "yes",
        "c-TOTAL_FORMS": str(len(rows)), "c-INITIAL_FORMS": "0",
    }  # fmt: skip
    for place, (name, share, shown) in enumerate(rows):
        fields |= {f"c-{place}-name": name, f"c-{place}-share": share, f"c-{place}-shown_s": shown}
    return fields | changed


@pytest.fixture
def make(as_, alice, project):
    def posted(**changed):
        return as_(alice).post(reverse("planning:plan-make"), filled(project, **changed))

    return posted


def test_a_beginner_makes_a_plan_and_comes_to_the_lab(make, project):
    answer = make()
    plan = Plan.objects.get()
    assert answer.status_code == 302
    assert answer.url == reverse("planning:design-lab", args=[plan.pk])
    told = specification.read(plan.specification)
    assert told.experiment.trials == 40
    assert [each.share for each in told.experiment.conditions] == [0.5, 0.5]
    assert told.experiment.contrasts == ((1.0, -1.0),)
    assert told.rules.exact_counts


def test_minutes_become_as_many_trials_as_fit(make):
    make(trials="", minutes="8")
    experiment = specification.read(Plan.objects.get().specification).experiment
    assert 7.5 * 60 < experiment.scans * experiment.tr_s <= 8 * 60


def test_all_pairs_of_three_conditions_are_three_contrasts(make):
    make(rows=(*ROWS, ("cars", "", "1")))
    experiment = specification.read(Plan.objects.get().specification).experiment
    assert experiment.contrasts == ((1, -1, 0), (1, 0, -1), (0, 1, -1))


def test_rules_of_the_form_are_stored(make):
    rows = (*ROWS, ("cars", "", "1"))
    make(rows=rows, longest_run="3", forbidden="faces > houses\n", first="houses", last="faces")
    rules = specification.read(Plan.objects.get().specification).rules
    assert rules.longest_run == 3
    assert rules.forbidden == {("faces", "houses")}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rows": (("a", "0", "1"), ("b", "1", "1"))}, "probability above 0"),
        ({"rows": (("a", "0.4", "1"), ("b", "0.4", "1"))}, "must sum to 1"),
        ({"trials": "2", "rows": (*ROWS, ("cars", "", "1"))}, "as many trials as conditions"),
        ({"tr_s": "0"}, "longer than 0 s"),
        ({"tr_s": "2.05"}, "whole number of ticks"),
        ({"tr_s": "0.05"}, "longer than a scan"),
        ({"rows": (("a", "", "0.01"), ("b", "", "1"))}, "whole number of ticks"),
        ({"rows": (("a", "", "0"), ("b", "", "1"))}, "at least one tick"),
        ({"gap_min_s": "9"}, "longest not below it"),
        ({"gap_mean_s": "5"}, "the middle of the range"),
        ({"rest_after": "0", "rest_s": "5"}, "after at least one trial"),
        ({"compare": "own", "contrasts": "faces=0"}, "compares nothing"),
        ({"compare": "own", "contrasts": "cars=1"}, "There are faces, houses"),
        ({"compare": "own", "contrasts": ""}, "No contrast is written"),
        ({"trials": "", "minutes": "0.05"}, "fewer than there"),
        ({"trials": "1000000"}, "less than or equal to 20000"),
        ({"detection": "nan"}, "Enter a number"),
        ({"detection": "0", "counterbalancing": "0", "frequencies": "0"}, "one is above 0"),
        ({"rho": "1"}, "between -1 and 1"),
        ({"high_pass_s": "1"}, "longer than two scans"),
        ({"high_pass_s": "5", "trials": "8000"}, "too many to remove"),
        ({"high_pass_s": "inf"}, "Enter a number"),
        ({"depth": "21"}, "less than or equal to 20"),
        ({"trials": "41", "runs": "2"}, "runs of equal size"),
        ({"least_waits": "faces houses"}, "one in a line"),
        ({"least_waits": "faces > houses: 60"}, "can only be last"),
        ({"apart": "2"}, "need 3 conditions"),
        ({"first": "cars"}, "no condition"),
        ({"forbidden": "faces houses"}, "one in a line"),
        ({"trials": "", "minutes": ""}, "how many trials"),
        ({"minutes": "5"}, "not both"),
        ({"longest_run": "1", "rows": (("a", "0.9", "1"), ("b", "0.1", "1"))}, "in a row"),
        ({"rows": (("faces", "", "1"), ("faces", "", "1"))}, "a name of its own"),
        ({"rows": (("faces", "", ""), ("houses", "", "1"))}, "how many seconds"),
        ({"name": " "}, "required"),
        ({"c-TOTAL_FORMS": "x"}, "ManagementForm"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(make, changed, said):
    rows = changed.pop("rows", ROWS)
    answer = make(rows=rows, **changed)
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&#x27;", "'").replace("&gt;", ">")
    assert not Plan.objects.exists()


def test_a_tick_longer_than_a_scan_is_refused(make):
    answer = make(tr_s="2", tick_s="4")
    assert answer.status_code == 422
    assert not Plan.objects.exists()


def test_the_form_says_at_once_how_long_it_takes(as_, alice, project):
    answer = as_(alice).post(reverse("planning:plan-facts"), filled(project))
    assert "40 trials in" in answer.content.decode()
    assert not Plan.objects.exists()


def test_the_form_says_at_once_what_is_missing(as_, alice, project):
    answer = as_(alice).post(reverse("planning:plan-facts"), filled(project, trials=""))
    assert answer.status_code == 200
    assert "Not a plan yet" in answer.content.decode()


def test_without_scripts_a_button_shows_how_long_it_takes(as_, alice, project):
    fields = filled(project, show="yes")
    del fields["accept"]
    answer = as_(alice).post(reverse("planning:plan-make"), fields)
    assert "40 trials in" in answer.content.decode()
    assert not Plan.objects.exists()


def test_a_plan_is_changed_by_the_form_and_keeps_what_the_form_does_not_show(as_, alice, project):
    words = studies.SPECIFICATION.replace("tail_s = 10.0", "tail_s = 10.0\nwindow_s = 18.0")
    plan = studies.plan(project, alice, words)
    url = reverse("planning:plan-edit", args=[plan.pk])
    assert as_(alice).get(url).status_code == 200
    answer = as_(alice).post(url, filled(project, trials="30", revision="1"))
    assert answer.status_code == 302
    plan.refresh_from_db()
    experiment = specification.read(plan.specification).experiment
    assert (experiment.trials, experiment.window_s, plan.revision) == (30, 18.0, 2)


def test_two_people_do_not_overwrite_one_another(as_, alice, carol, project, plan):
    url = reverse("planning:plan-edit", args=[plan.pk])
    as_(alice).post(url, filled(project, trials="30", revision="1"))
    answer = as_(carol).post(url, filled(project, trials="50", revision="1"))
    assert answer.status_code == 409
    assert "Somebody else has changed this plan" in answer.content.decode()
    plan.refresh_from_db()
    assert specification.read(plan.specification).experiment.trials == 30


def test_text_that_was_changed_meanwhile_is_kept_on_the_page(as_, alice, plan):
    url = reverse("planning:plan-text", args=[plan.pk])
    Plan.objects.filter(pk=plan.pk).update(revision=2)
    text = plan.specification.replace("trials = 24", "trials = 26")
    answer = as_(alice).post(url, {"name": "Mine", "text": text, "revision": "1"})
    assert answer.status_code == 409
    assert "trials = 26" in answer.content.decode()


def test_a_plan_is_written_as_text_with_its_remarks(as_, alice, project):
    text = f"# Our pilot of 2026\n{studies.SPECIFICATION}"
    url = reverse("planning:plan-make-text")
    answer = as_(alice).post(url, {"project": project.pk, "name": "Faces", "text": text})
    assert answer.status_code == 302
    assert Plan.objects.get().specification == text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("trials = 24", "trials = "),
        ("tr_s = 2.0", "tr_seconds = 2.0"),
        ('model = "uniform"', 'model = "gamma"'),
        ("houses = -1", "cars = -1"),
    ],
)
def test_text_that_is_wrong_is_named_by_its_place(as_, alice, plan, wrong, said):
    text = plan.specification.replace(wrong, said)
    url = reverse("planning:plan-text", args=[plan.pk])
    answer = as_(alice).post(url, {"name": "Faces", "text": text, "revision": "1"})
    assert answer.status_code == 422
    assert any(
        place in answer.content.decode()
        for place in ("at line", "there is no", "gaps: model", "contrasts 1")
    )


def test_a_copy_begins_as_the_plan_is(as_, alice, plan):
    as_(alice).post(reverse("planning:plan-copy", args=[plan.pk]))
    made = Plan.objects.exclude(pk=plan.pk).get()
    assert (made.specification, made.created_by) == (plan.specification, alice)


def test_a_plan_is_put_away_and_taken_back(as_, alice, plan):
    url = reverse("planning:plan-archive", args=[plan.pk])
    as_(alice).post(url)
    assert "Faces and houses" not in as_(alice).get(reverse("planning:studies")).content.decode()
    as_(alice).post(url, {"state": "current"})
    assert "Faces and houses" in as_(alice).get(reverse("planning:studies")).content.decode()
    actions = list(AuditEntry.objects.on(plan).order_by("pk").values_list("action", flat=True))
    assert actions == ["plan.archived", "plan.restored"]


def test_history_tells_the_lines_that_changed(alice, plan):
    told = designs.read(plan.specification.replace("trials = 24", "trials = 26"))
    text = plan.specification.replace("trials = 24", "trials = 26")
    designs.change(plan=plan, name=plan.name, told=told, text=text, revision=1, by=alice)
    changes = AuditEntry.objects.on(plan).get().changes
    assert changes == {"specification": ["trials = 24", "trials = 26"]}


def test_what_changes_nothing_is_no_change(alice, plan):
    told = designs.read(plan.specification)
    designs.change(
        plan=plan, name=plan.name, told=told, text=plan.specification, revision=1, by=alice
    )
    plan.refresh_from_db()
    assert plan.revision == 1


def test_a_revision_of_the_past_is_refused(alice, plan):
    told = designs.read(plan.specification)
    with pytest.raises(PlanChanged):
        designs.change(plan=plan, name="Other", told=told, revision=7, by=alice)


def test_a_viewer_sees_a_plan_and_cannot_change_it(as_, alder, plan):
    vera = accounts.person("vera", lab=alder, role="viewer")
    page = as_(vera).get(reverse("planning:plan", args=[plan.pk]))
    assert page.status_code == 200
    assert reverse("planning:plan-edit", args=[plan.pk]) not in page.content.decode()
    assert as_(vera).get(reverse("planning:plan-edit", args=[plan.pk])).status_code == 404
    assert as_(vera).post(reverse("planning:plan-copy", args=[plan.pk])).status_code == 404


def test_a_plan_of_an_older_release_that_says_nothing_is_shown_with_the_reason(as_, alice, project):
    plan = studies.plan(project, alice, "trials = 1")
    page = as_(alice).get(reverse("planning:plan", args=[plan.pk]))
    assert "cannot be used as it is" in page.content.decode()
    assert as_(alice).get(reverse("planning:design-lab", args=[plan.pk])).status_code == 422


def test_the_page_of_a_plan_asks_the_same_number_of_questions(
    as_, alice, plan, django_assert_max_num_queries
):
    client = as_(alice)
    for place in range(12):
        studies.design(plan, is_kept=True, label=f"Design {place}", created_by=alice)
    url = reverse("planning:plan", args=[plan.pk])
    client.get(url)
    with django_assert_max_num_queries(16):
        client.get(url)
