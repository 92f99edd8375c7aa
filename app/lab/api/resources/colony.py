"""The colony: lines, pairs, litters, requests, culls, and what is known of genes."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from lab import models
from lab.api.filters import Filter, truth
from lab.api.resource import Resource, taking, words
from lab.errors import DoesNotFit
from lab.services import colony, culls, genetics, records, requests

SUBJECT = "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"
LINE = "5f0c1a52-7a55-4c0e-8f7b-0d6d3c1b2a49"


def _create_litter(*, by: User, values: Any, reason: str = "") -> Any:
    """Write down a litter, with its animals when they are named."""
    given = dict(values)
    animals = given.pop("animals", None)
    litter = colony.create_litter(by=by, values=given, reason=reason)
    if animals:
        colony.add_young(litter=litter, by=by, animals=animals, reason=reason)
    return litter


def _record_test(*, by: User, values: Any, reason: str = "") -> Any:
    """Enter one result; zygosities follow from it. One that is there already is replaced."""
    return _record_tests(by=by, rows=[values], reason=reason)[0]


def _record_tests(*, by: User, rows: Any, reason: str = "") -> list[Any]:
    results = [{"result": None, **row} for row in rows]
    genetics.record_tests(by=by, results=results, reason=reason)
    subjects = {row["subject"].pk for row in rows}
    tests = models.GenotypeTest.objects.filter(subject__in=subjects)
    made = {(test.subject_id, test.sequence_id): test for test in tests}
    return [made[row["subject"].pk, row["sequence"].pk] for row in rows]


def _change_test(*, record: Any, by: User, values: Any, reason: str = "") -> Any:
    for name in ("subject", "sequence"):
        if name in values and values[name].pk != getattr(record, f"{name}_id"):
            raise DoesNotFit("A test stays with its animal and its sequence.", field=name)
    result = {"subject": record.subject, "sequence": record.sequence, "result": record.result}
    changed = _record_test(by=by, values=result | _of(values, "result"), reason=reason)
    rest = {name: value for name, value in values.items() if name == "json"}
    return records.change(record=changed, by=by, values=rest, reason=reason) if rest else changed


def _of(values: Any, *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _remove_test(*, record: Any, **given: Any) -> None:
    genetics.remove_tests(tests=[record], **given)


def _state(*, by: User, values: Any, reason: str = "") -> Any:
    told = _of(values, "subject", "allele", "value")
    genetics.state_zygosity(by=by, reason=reason, **told)
    return models.Zygosity.objects.get(subject=values["subject"], allele=values["allele"])


def _restate(*, record: Any, by: User, values: Any, reason: str = "") -> Any:
    for name in ("subject", "allele"):
        if name in values and values[name].pk != getattr(record, f"{name}_id"):
            raise DoesNotFit("A zygosity stays with its animal and its allele.", field=name)
    value = values.get("value", record.value)
    told = {"subject": record.subject, "allele": record.allele, "value": value}
    return _state(by=by, values=told, reason=reason)


def _create_rule(**given: Any) -> Any:
    return genetics.create_rule(**given)[0]


def _change_rule(*, record: Any, **given: Any) -> Any:
    return genetics.change_rule(rule=record, **given)[0]


def _going(rows: Any, is_going: Any) -> Any:
    return rows.filter(ended_on=None) if is_going else rows.exclude(ended_on=None)


class Young(serializers.Serializer[Any]):
    """An animal of a litter; what it does not say it has from its litter and its parents."""

    nickname = serializers.CharField(required=False, max_length=64)
    sex = serializers.ChoiceField(choices=models.Sex.choices, required=False)
    ear_mark = serializers.CharField(required=False, max_length=32, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)


LINES = Resource(
    name="lines",
    model=models.Line,
    about="Animals bred for one genotype; its nickname begins their names.",
    fields=words(
        """
        nickname name lab description target_phenotype species strain source source_identifier
        source_url expression_data_url alleles is_active last_subject_number last_pair_number
        last_litter_number subject_name_pattern pair_name_pattern litter_name_pattern json
        """
    ),
    read_only=words("last_subject_number last_pair_number last_litter_number"),
    order=("name", "nickname", "id"),
    create=colony.create_line,
    change=taking("line", colony.change_line),
    example={"nickname": "PV", "name": "PV-Cre", "lab": "alder"},
)
PAIRS = Resource(
    name="breeding-pairs",
    model=models.BreedingPair,
    about="Animals that are together to have young.",
    fields=words("name line description began_on ended_on father mother1 mother2 json"),
    optional=("name",),
    filters=(
        Filter("active", "true or false: it has not ended.", truth, _going, {"type": "boolean"}),
    ),
    order=("name", "began_on", "ended_on", "id"),
    create=colony.create_pair,
    change=taking("pair", colony.change_pair),
    example={"line": LINE, "father": SUBJECT, "began_on": "2026-03-02"},
)
LITTERS = Resource(
    name="litters",
    model=models.Litter,
    about="Animals born together.",
    fields=words("name line breeding_pair description born_on json"),
    extra={"animals": Young(many=True, required=False, write_only=True)},
    optional=("name", "line"),
    order=("name", "born_on", "id"),
    create=_create_litter,
    change=taking("litter", colony.change_litter),
    example={"line": LINE, "born_on": "2026-03-23", "animals": [{"sex": "F"}, {"sex": "M"}]},
)
REQUESTS = Resource(
    name="requests",
    model=models.SubjectRequest,
    about="Somebody's wish for animals of a line.",
    fields=words("line user count made_on due_on description json"),
    optional=("user", "made_on"),
    order=("-made_on", "due_on", "id"),
    create=requests.create_request,
    change=taking("request", requests.change_request),
    example={"line": LINE, "user": "alice", "count": 4, "made_on": "2026-03-02"},
)


def _cull(*, by: User, values: Any, reason: str = "") -> Any:
    given = dict(values)
    [made] = culls.cull(by=by, subjects=[given.pop("subject")], values=given, reason=reason)
    return made


CULLS = Resource(
    name="culls",
    model=models.Cull,
    about="The end of an animal's life by somebody's hand; deleted, the animal lives again.",
    fields=words("subject user culled_on reason method description json"),
    optional=("user", "culled_on"),
    order=("-culled_on", "id"),
    create=_cull,
    change=taking("cull", culls.change_cull),
    delete=taking("cull", culls.revive),
    example={"subject": SUBJECT, "culled_on": "2026-06-01"},
)
ALLELES = Resource(
    name="alleles",
    model=models.Allele,
    about="A variant of a gene.",
    fields=words("nickname name sequences json"),
    order=("nickname", "id"),
    example={"nickname": "PV-Cre"},
)
SEQUENCES = Resource(
    name="sequences",
    model=models.Sequence,
    about="A stretch of DNA that a genotyping test looks for.",
    fields=words("name base_pairs description json"),
    order=("name", "id"),
    example={"name": "Cre"},
)
TESTS = Resource(
    name="genotype-tests",
    model=models.GenotypeTest,
    about="Whether a sequence was found in an animal.",
    fields=words("subject sequence result json"),
    order=("id",),
    create=_record_test,
    create_many=_record_tests,
    change=_change_test,
    delete=_remove_test,
    example={"subject": SUBJECT, "sequence": LINE, "result": "present"},
)
ZYGOSITIES = Resource(
    name="zygosities",
    model=models.Zygosity,
    about="What an animal has of an allele.",
    fields=words("subject allele value origin json"),
    read_only=("origin", "json"),
    order=("id",),
    create=_state,
    change=_restate,
    delete=taking("zygosity", genetics.withdraw_zygosity),
    example={"subject": SUBJECT, "allele": LINE, "value": "+/-"},
)
RULES = Resource(
    name="zygosity-rules",
    model=models.ZygosityRule,
    about="What follows for an allele, in one line, from the results of one or two tests.",
    fields=words("line allele sequence0 result0 sequence1 result1 value position json"),
    order=("position", "id"),
    create=_create_rule,
    change=_change_rule,
    delete=taking("rule", genetics.delete_rule),
    example={
        "line": LINE,
        "allele": LINE,
        "sequence0": LINE,
        "result0": "present",
        "value": "+/-",
    },
)

ALL = (LINES, PAIRS, LITTERS, REQUESTS, CULLS, ALLELES, SEQUENCES, TESTS, ZYGOSITIES, RULES)
