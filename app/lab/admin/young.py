"""The animals of a litter on its page, each with the results of its genotype tests."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from lab.admin import writing
from lab.admin.base import TableInline
from lab.admin.forms import RecordForm
from lab.models import GenotypeTest, Sequence, Subject, TestResult
from lab.services import colony

MOST_TESTS = 3
RESULTS = [("", "not tested"), *((str(value), label) for value, label in TestResult.choices)]


class YoungForm(RecordForm):
    """An animal and its results; the fields of the tests are those of the litter's line."""

    sequences: list[Sequence] = []
    optional = ("nickname", "responsible_user")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        results = self._results()
        for number, sequence in enumerate(self.sequences):
            found = results.get(sequence.pk)
            self.initial[f"test_{number}"] = "" if found is None else str(found)

    def _results(self) -> dict[Any, int | None]:
        if self.instance._state.adding:  # noqa: SLF001
            return {}
        return {test.sequence_id: test.result for test in self.instance.genotype_tests.all()}

    def tested(self) -> list[tuple[Sequence, int | None]]:
        """Return the results that were typed or changed."""
        names = {f"test_{number}": one for number, one in enumerate(self.sequences)}
        return [
            (names[name], int(value) if (value := self.cleaned_data[name]) else None)
            for name in self.changed_data
            if name in names
        ]


class YoungInline(TableInline):
    model = Subject
    form = YoungForm
    optional = YoungForm.optional
    verbose_name_plural = "animals"
    plain_fields = ("nickname", "sex", "ear_mark", "born_on", "weaned_on", "genotyped_on",
                    "responsible_user", "to_be_genotyped")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("genotype_tests")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Give each animal a field for each sequence that tests of its line look for."""
        sequences = list(self._sequences(obj))
        tests = {
            f"test_{number}": forms.ChoiceField(choices=RESULTS, required=False, label=one.name)
            for number, one in enumerate(sequences)
        }
        kwargs["form"] = type("LitterForm", (YoungForm,), tests | {"sequences": sequences})
        kwargs["fields"] = [*self.plain_fields, *tests]
        return super().get_formset(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        tests = [f"test_{number}" for number in range(len(self._sequences(obj)))]
        return [*self.plain_fields, *tests]

    def _sequences(self, litter: Any) -> list[Sequence]:
        if litter is None or litter._state.adding:  # noqa: SLF001
            return []
        if not hasattr(litter, "tested_sequences"):
            rows = Sequence.objects.filter(alleles__lines=litter.line_id).distinct()
            litter.tested_sequences = list(rows.order_by("name")[:MOST_TESTS])
        found: list[Sequence] = litter.tested_sequences
        return found

    def write(self, form: Any, parent: Any, facts: dict[str, Any]) -> None:
        """Enter an animal as one of the litter, which it inherits from; then its results."""
        if form.instance._state.adding:  # noqa: SLF001
            [kept] = colony.add_young(litter=parent, animals=[form.values()], **facts)
            form.instance.__dict__.update(kept.__dict__)
        elif form.values():
            super().write(form, parent, facts)
        for sequence, result in form.tested():
            self._test(form.instance, sequence, result, facts)

    def _test(
        self, animal: Subject, sequence: Sequence, result: int | None, facts: dict[str, Any]
    ) -> None:
        found = GenotypeTest.objects.filter(subject=animal, sequence=sequence).first()
        if found is not None:
            writing.change(record=found, values={"result": result}, **facts)
        else:
            values = {"subject": animal, "sequence": sequence, "result": result}
            writing.create(kind=GenotypeTest, values=values, **facts)
