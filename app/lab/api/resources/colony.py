"""The colony: lines, pairs, litters, requests, culls, and what is known of genes."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from lab import models
from lab.api.filters import Filter, truth
from lab.api.resource import Resource, words
from lab.services import colony, culls, records

SUBJECT = "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"
LINE = "5f0c1a52-7a55-4c0e-8f7b-0d6d3c1b2a49"


def _change_line(*, record: Any, **given: Any) -> Any:
    return colony.change_line(line=record, **given)


def _change_pair(*, record: Any, **given: Any) -> Any:
    return colony.change_pair(pair=record, **given)


def _change_litter(*, record: Any, **given: Any) -> Any:
    return colony.change_litter(litter=record, **given)


def _create_litter(*, by: User, values: Any, reason: str = "") -> Any:
    """Write down a litter, with its animals when they are named."""
    given = dict(values)
    animals = given.pop("animals", None)
    litter = colony.create_litter(by=by, values=given, reason=reason)
    if animals:
        colony.add_young(litter=litter, by=by, animals=animals, reason=reason)
    return litter


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
    change=_change_line,
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
    change=_change_pair,
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
    change=_change_litter,
    example={"line": LINE, "born_on": "2026-03-23", "animals": [{"sex": "F"}, {"sex": "M"}]},
)
REQUESTS = Resource(
    name="requests",
    model=models.SubjectRequest,
    about="Somebody's wish for animals of a line.",
    fields=words("line user count made_on due_on description json"),
    order=("-made_on", "due_on", "id"),
    example={"line": LINE, "user": "alice", "count": 4, "made_on": "2026-03-02"},
)


def _cull(*, by: User, values: Any, reason: str = "") -> Any:
    given = dict(values)
    [made] = culls.cull(by=by, subjects=[given.pop("subject")], values=given, reason=reason)
    return made


def _change_cull(*, record: Any, **given: Any) -> Any:
    return culls.change_cull(cull=record, **given)


def _revive(*, record: Any, **given: Any) -> None:
    culls.revive(cull=record, **given)


CULLS = Resource(
    name="culls",
    model=models.Cull,
    about="The end of an animal's life by somebody's hand; deleted, the animal lives again.",
    fields=words("subject user culled_on reason method description json"),
    optional=("user", "culled_on"),
    order=("-culled_on", "id"),
    create=_cull,
    change=_change_cull,
    delete=_revive,
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
    create=None,
    example={"subject": SUBJECT, "sequence": LINE, "result": "present"},
)
ZYGOSITIES = Resource(
    name="zygosities",
    model=models.Zygosity,
    about="What an animal has of an allele.",
    fields=words("subject allele value origin json"),
    read_only=("origin",),
    order=("id",),
    example={"subject": SUBJECT, "allele": LINE, "value": "+/-"},
)
RULES = Resource(
    name="zygosity-rules",
    model=models.ZygosityRule,
    about="What follows for an allele, in one line, from the results of one or two tests.",
    fields=words("line allele sequence0 result0 sequence1 result1 value position json"),
    order=("position", "id"),
    change=records.change,
    example={
        "line": LINE,
        "allele": LINE,
        "sequence0": LINE,
        "result0": "present",
        "value": "+/-",
    },
)

ALL = (LINES, PAIRS, LITTERS, REQUESTS, CULLS, ALLELES, SEQUENCES, TESTS, ZYGOSITIES, RULES)
