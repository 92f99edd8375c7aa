"""The generator's form: factors, where each is varied, orders, practice, times."""

import random
from collections.abc import Iterator
from typing import Any, NoReturn

from django import forms
from django.forms import formset_factory

from accounts.models import Project
from accounts.project_choice import offer_projects
from factorial.forms import LARGEST_SEED, refuse_taken
from touchstone.design import Design, Factor, Measure, Value
from touchstone.errors import DesignError
from touchstone.generator import generate
from touchstone.recipe import BETWEEN, MOST_RUNS, WITHIN, Level, Practice, Recipe, Timing

FACTORS = 8  # rows of the form
DEPTHS = [("1", "Blocks, outermost"), ("2", "Blocks inside"), ("3", "Blocks inside those")]
PLACES = [("t", "Trials"), *DEPTHS, ("b", "Between participants")]
ORDER_CHOICES = [
    ("random", "By chance"),
    ("latin", "Latin square"),
    ("balanced", "Balanced Latin square"),
    ("all", "All orders"),
    ("fixed", "As written"),
]
TYPES = [("String", "Text"), ("Integer", "Whole number"), ("Float", "Number")]
LEVELS_OF_MEASURES = {"trial": (True, False), "event": (False, True), "both": (True, True)}
BEFORE = [("", "No practice"), ("0", "Before everything"), ("1", "Before each outermost block"),
          ("2", "Before each block inside"), ("3", "Before each block inside those")]  # fmt: skip
SECONDS = ("setup", "trial", "intertrial", "interblock", "interpractice")
FIRST = ("project", "code", "name", "description", "participants", "seed")
FIELDS = {"id": "code", "participants": "participants", "measures": "measures"}


def in_cell(label: str, **more: Any) -> dict[str, Any]:
    """Return the attributes of an input that a table's head labels for the eye."""
    return {"aria-label": label, **more}


class FactorForm(forms.Form):
    """One factor; a row without a name and values is left out."""

    code = forms.CharField(
        required=False,
        max_length=255,
        label="Factor",
        widget=forms.TextInput(attrs=in_cell("Factor")),
    )
    values = forms.CharField(
        required=False,
        max_length=10_000,
        label="Values",
        widget=forms.TextInput(attrs=in_cell("Values, with commas between")),
    )
    type = forms.ChoiceField(
        choices=TYPES, label="Type", widget=forms.Select(attrs=in_cell("Type"))
    )
    place = forms.ChoiceField(
        choices=PLACES, label="Varied in", widget=forms.Select(attrs=in_cell("Varied in"))
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if bool(data.get("code")) != bool(data.get("values")):
            missing = "values" if data.get("code") else "code"
            self.add_error(missing, "Name the factor and its values, or neither.")
        return data

    def factor(self) -> Factor | None:
        data = self.cleaned_data
        if not data.get("code"):
            return None
        values = tuple(Value(one.strip()) for one in data["values"].split(",") if one.strip())
        tag = BETWEEN if data["place"] == "b" else WITHIN
        return Factor(data["code"], values, kind="key", type=data["type"], tag=tag)


class LevelForm(forms.Form):
    """The order of one level."""

    order = forms.ChoiceField(
        choices=ORDER_CHOICES, label="Order", widget=forms.Select(attrs=in_cell("Order"))
    )
    replications = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        initial=1,
        label="Times",
        widget=forms.NumberInput(attrs=in_cell("How many times")),
    )
    is_serial = forms.BooleanField(
        required=False,
        label="One value at a time",
        widget=forms.CheckboxInput(attrs=in_cell("Repeat each at once")),
    )

    def level(self, factors: tuple[str, ...]) -> Level:
        data = self.cleaned_data
        return Level(factors, data["order"], data["replications"], data["is_serial"])


FactorForms = formset_factory(FactorForm, extra=0, max_num=FACTORS, absolute_max=FACTORS)
LevelForms = formset_factory(LevelForm, extra=0, max_num=4, absolute_max=4)


class RecipeForm(forms.Form):
    """All else of a recipe."""

    project = forms.ModelChoiceField(Project.objects.none(), label="Project")
    code = forms.CharField(max_length=255, label="Id", help_text="Short: addresses carry it.")
    name = forms.CharField(required=False, max_length=255, label="Name")
    description = forms.CharField(
        required=False, label="Description", widget=forms.Textarea(attrs={"rows": 2})
    )
    participants = forms.IntegerField(
        min_value=1, max_value=MOST_RUNS, initial=12, label="Participants"
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=LARGEST_SEED,
        label="Seed",
        help_text="The same seed makes the same design again.",
    )
    practice_before = forms.ChoiceField(required=False, choices=BEFORE, label="Practice")
    practice_trials = forms.IntegerField(
        required=False, min_value=1, max_value=10_000, label="Trials of practice"
    )
    practice_coming = forms.BooleanField(
        required=False, initial=True, label="With the values of the coming block"
    )
    practice_again = forms.BooleanField(required=False, label="Before repetitions too")
    practice_fixed = forms.CharField(
        required=False,
        max_length=2000,
        label="Fixed in practice",
        help_text="As FACTOR=value, with commas between. All others are drawn for each trial.",
    )
    measures = forms.CharField(
        required=False,
        max_length=100_000,
        label="Measures",
        help_text="One in a line: name, type, and trial, event or both. As: time, Integer, trial",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    setup = forms.FloatField(required=False, min_value=0, label="Before the first block, s")
    trial = forms.FloatField(required=False, min_value=0, label="A trial, s")
    intertrial = forms.FloatField(required=False, min_value=0, label="Between trials, s")
    interblock = forms.FloatField(required=False, min_value=0, label="Between blocks, s")
    interpractice = forms.FloatField(required=False, min_value=0, label="After practice, s")

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        offer_projects(self, person)


class Making:
    """The whole form: a recipe out of its three parts, and its design."""

    def __init__(self, person: Any, data: Any = None) -> None:
        seed = random.SystemRandom().randrange(1_000_000)
        self.main = RecipeForm(data, person=person, initial={"seed": seed})
        rows = [{"place": "1"}, {"place": "t"}, {"place": "t"}, {"place": "b"}]
        self.factors = FactorForms(data, prefix="f", initial=[*rows, *([{}] * (FACTORS - 4))])
        orders = ["balanced", "random", "random", "random"]
        starts = [{"order": order, "replications": 1} for order in orders]
        self.levels = LevelForms(data, prefix="l", initial=starts)

    @property
    def named_levels(self) -> list[tuple[str, LevelForm]]:
        names = [label for _, label in DEPTHS] + ["Trials"]
        return list(zip(names, self.levels.forms, strict=False))

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that stand before the tables."""
        return [self.main[name] for name in FIRST]

    @property
    def rest(self) -> list[forms.BoundField]:
        return [field for field in self.main if field.name not in FIRST]

    @property
    def is_wrong(self) -> bool:
        return bool(self.faults or self.main.errors)

    @property
    def faults(self) -> list[str]:
        """Return what is wrong where no field of the list says it."""
        rows: list[tuple[str, forms.Form]]
        rows = [(f"Factor {n}", form) for n, form in enumerate(self.factors.forms, 1)]
        rows += self.named_levels
        said = [
            f"{what}: {error}"
            for what, form in rows
            for errors in form.errors.values()
            for error in errors
        ]
        if len(self.levels.forms) != len(DEPTHS) + 1:
            said.append("The table of orders came incomplete. Reload the page and fill it again.")
        said += [str(error) for error in self.main.non_field_errors()]
        return said + [str(error) for error in self.factors.non_form_errors()]

    def result(self) -> tuple[Recipe, Design] | None:
        """Return the recipe and its design; nothing where the form says why not."""
        parts = [self.main.is_valid(), self.factors.is_valid(), self.levels.is_valid()]
        if not all(parts) or len(self.levels.forms) != len(DEPTHS) + 1:
            return None
        try:
            recipe = self._recipe()
            design = generate(recipe)
        except DesignError as error:
            self._tell(error)
            return None
        refuse_taken(self.main, self.main.cleaned_data["project"], recipe.id)
        return (recipe, design) if self.main.is_valid() else None

    def _tell(self, error: DesignError) -> None:
        field = error.field.partition(".")[2] or error.field.partition("[")[0]
        name = FIELDS.get(field) or ("practice_trials" if field == "practice" else None)
        name = name or (field if field in SECONDS else None)
        self.main.add_error(name, error.message if name else str(error))

    # --- the recipe -------------------------------------------------------------------------------
    def _recipe(self) -> Recipe:
        data = self.main.cleaned_data
        levels, depths = self._levels()
        return Recipe(
            data["code"],
            tuple(factor for form in self.factors.forms if (factor := form.factor())),
            levels,
            data["participants"],
            data["seed"],
            data["name"],
            str(self.main.person),
            data["description"],
            tuple(_measures(data["measures"])),
            tuple(self._practice(levels, depths)),
            Timing(**{name: data[name] or 0.0 for name in SECONDS}),
        )

    def _levels(self) -> tuple[tuple[Level, ...], dict[str, int]]:
        """Return the levels that there are, and at which depth each row of the form stands."""
        found: list[Level] = []
        depths = {"0": 0}
        for (key, _), form in zip([*DEPTHS, PLACES[0]], self.levels.forms, strict=True):
            level = form.level(tuple(self._placed(key)))
            if level.factors or level.replications > 1 or key == "t":
                found.append(level)
                depths[key] = len(found)
        return tuple(found), depths

    def _placed(self, key: str) -> Iterator[str]:
        for form in self.factors.forms:
            if form.cleaned_data.get("code") and form.cleaned_data["place"] == key:
                yield form.cleaned_data["code"]

    def _practice(self, levels: tuple[Level, ...], depths: dict[str, int]) -> Iterator[Practice]:
        data = self.main.cleaned_data
        before = data["practice_before"]
        if not before:
            return
        if before not in depths:
            raise DesignError("There are no such blocks. Choose another place.", field="practice")
        level = depths[before]
        fixed = tuple(_pairs(data["practice_fixed"]))
        named = {name for name, _ in fixed}
        around = (name for one in levels[:level] for name in one.factors if name not in named)
        yield Practice(
            data["practice_trials"] or 0,
            level,
            fixed,
            tuple(around) if data["practice_coming"] else (),
            data["practice_again"],
        )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for item in filter(None, (one.strip() for one in text.split(","))):
        factor, sign, value = item.partition("=")
        if not sign:
            raise DesignError(f"{item!r}: write FACTOR=value.", field="practice")
        yield factor.strip(), value.strip()


def _measures(text: str) -> Iterator[Measure]:
    for line in filter(None, map(str.strip, text.splitlines())):
        code, *rest = (word.strip() for word in line.split(","))
        kind = rest[0] if rest else "String"
        level = rest[1] if len(rest) > 1 else "trial"
        if level not in LEVELS_OF_MEASURES or len(rest) > len(("type", "level")):
            _refuse(line)
        at_trial, at_event = LEVELS_OF_MEASURES[level]
        yield Measure(code, type=kind, at_trial=at_trial, at_event=at_event)


def _refuse(line: str) -> NoReturn:
    raise DesignError(
        f"{line!r}: write a name, a type, and trial, event or both.", field="measures"
    )
