"""Bringing designs in, adding runs to them, putting them away."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import now

from accounts import audit
from accounts.models import Lab, Project, User
from common.errors import NotThere
from factorial.errors import DesignDiffers, DesignExists, NotADesign
from factorial.models import ClientImports, Design, PlannedRun
from factorial.services import storing
from factorial.services.access import need_editable
from factorial.services.storing import digest_of, run_digest
from touchstone import design as plans
from touchstone import table, tsl, xml
from touchstone.decoding import decoded
from touchstone.errors import DesignError

SETTINGS = ("has_fixed_measures", "is_pilot", "is_open", "lease_seconds")
Reader = Callable[[bytes, str], plans.Design]
READERS: Mapping[str, Reader] = {
    Design.Format.XML: xml.read,
    Design.Format.TSL: tsl.read,
    Design.Format.CSV: table.read,
}


def read_plan(
    document: bytes, format: str = Design.Format.XML, charset: str = ""  # noqa: A002
) -> plans.Design:  # fmt: skip
    """Return what a file plans.

    Raises
    ------
    NotADesign
        It cannot be read; line and column are told.
    """
    reader = READERS.get(format)
    if reader is None:
        raise NotADesign(f"Files of the format “{format}” are not read.")
    try:
        return reader(document, charset)
    except DesignError as error:
        raise NotADesign(str(error), line=error.line or None, column=error.column or None) from None


def import_design(
    *,
    project: Project,
    document: bytes,
    by: User | None,
    format: str = Design.Format.XML,  # noqa: A002  the word of the model
    charset: str = "",
    **settings: Any,
) -> Design:
    """Read a file and store its design, all of it or nothing.

    Raises
    ------
    NotADesign, DesignExists, NotThere
        As `read_plan` and `add_design` say.
    """
    plan = read_plan(document, format, charset)
    text = text_of(document, charset)
    return add_design(project=project, plan=plan, by=by, format=format, document=text, **settings)


def extend_design(
    *,
    design: Design,
    document: bytes,
    by: User | None,
    format: str = Design.Format.XML,  # noqa: A002
    charset: str = "",
) -> int:
    """Add the runs of a file that a design does not have yet; return how many.

    Raises
    ------
    NotADesign, DesignDiffers, NotThere
        As `read_plan` and `extend` say.
    """
    plan = read_plan(document, format, charset)
    return extend(design=design, plan=plan, by=by, document=text_of(document, charset))


@transaction.atomic
def add_design(  # noqa: PLR0913  a design and where it came from
    *,
    project: Project,
    plan: plans.Design,
    by: User | None,
    format: str = Design.Format.XML,  # noqa: A002  the word of the model
    document: str = "",
    recipe: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Design:
    """Store a design that was read, all of it or nothing; ``by`` is nobody for a client's import.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    DesignExists
        The lab has a design of this id.
    NotADesign
        It has ids that cannot be stored, or twice.
    """
    need_editable(project.pk, by)
    storing.check(plan)
    values = {name: settings[name] for name in SETTINGS if name in settings}
    design = Design(
        lab_id=project.lab_id,
        project=project,
        code=plan.id,
        name=plan.name,
        author=plan.author,
        description=plan.description,
        format=format,
        digest=digest_of(plan),
        document=document,
        recipe=dict(recipe or {}),
        warnings=list(plan.warnings),
        created_by=by,
        **values,
    )
    _save(design)
    storing.write_factors(design, plan.factors)
    storing.write_measures(design, plan.measures)
    storing.write_runs(design, plan.runs, first=0)
    told = {"runs": [0, len(plan.runs)]}
    audit.record(action="design.imported", user=by, on=design, changes=told)
    return design


@transaction.atomic
def extend(*, design: Design, plan: plans.Design, by: User | None, document: str = "") -> int:
    """Add the runs that a design does not have yet, and return how many; what is there stays.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    DesignDiffers
        Factors or measures are others, or a run that is there has other trials.
    """
    need_editable(design.project_id, by)
    storing.check(plan)
    held = Design.objects.select_for_update(of=("self",)).get(pk=design.pk)
    if digest_of(plan) != held.digest:
        raise DesignDiffers(f"Its id, factors or measures are not those of “{held.code}”.")
    there = dict(PlannedRun.objects.filter(design=held).values_list("code", "digest"))
    changed = [run.id for run in plan.runs if there.get(run.id, run_digest(run)) != run_digest(run)]
    if changed:
        raise DesignDiffers(f"The run “{changed[0]}” is there already, with other trials.")
    new = [run for run in plan.runs if run.id not in there]
    last = PlannedRun.objects.filter(design=held).aggregate(last=Max("position"))["last"]
    storing.write_runs(held, new, first=0 if last is None else last + 1)
    if document and new:
        Design.objects.filter(pk=held.pk).update(document=document)
    told = {"runs": [len(there), len(there) + len(new)]}
    audit.record(action="design.extended", user=by, on=held, changes=told)
    return len(new)


@transaction.atomic
def archive(*, design: Design, by: User) -> None:
    """Put a design away: it takes nobody in, and nothing of it is lost."""
    _change(design, by, "design.archived", archived_at=now(), is_open=False)


@transaction.atomic
def bring_back(*, design: Design, by: User) -> None:
    """Take a design out of the archive; it is opened by a setting of its own."""
    _change(design, by, "design.brought-back", archived_at=None)


@transaction.atomic
def change(*, design: Design, by: User, **settings: Any) -> None:
    """Change how a design is run; when pilots end, the runs that they took are free for real ones.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    """
    after = {name: settings[name] for name in SETTINGS if name in settings}
    _change(design, by, "design.changed", **after)
    if after.get("is_pilot") is False:
        taken = PlannedRun.objects.filter(design=design, run__is_pilot=True)
        taken.update(run=None, done=0, offered_until=None)


@transaction.atomic
def let_clients_import(*, lab: Lab, project: Project | None, by: User | None) -> None:
    """Let clients of 2020 bring designs into a project by themselves; none: let them not.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    """
    if by and project and not Project.objects.editable_by(by).filter(pk=project.pk).exists():
        raise NotThere
    before = ClientImports.objects.filter(lab=lab).select_related("project").first()
    if project:
        ClientImports.objects.update_or_create(lab=lab, defaults={"project": project})
    else:
        ClientImports.objects.filter(lab=lab).delete()
    told = [str(before.project) if before else None, str(project) if project else None]
    audit.record(action="design.client-imports", user=by, on=project or lab, changes={"into": told})


def _change(design: Design, by: User, action: str, **after: Any) -> None:
    need_editable(design.project_id, by)
    told = audit.between(design, after)
    Design.objects.filter(pk=design.pk).update(**after)
    for name, value in after.items():
        setattr(design, name, value)
    if told:
        audit.record(action=action, user=by, on=design, changes=told)


def _save(design: Design) -> None:
    taken = DesignExists(f"The lab has a design with the id “{design.code}”.")
    if Design.objects.filter(lab=design.lab_id, code=design.code).exists():
        raise taken
    try:
        with transaction.atomic():
            design.save()
    except IntegrityError:  # somebody else brought it in at the same moment
        raise taken from None


def text_of(document: bytes, charset: str = "") -> str:
    """Return a file as the text that it was read as."""
    try:
        return decoded(document, charset)[0].replace("\0", "")
    except DesignError:
        return document.decode(errors="replace").replace("\0", "")
