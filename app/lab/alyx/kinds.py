"""What each kind of record is called in Alyx and here, in an order in which each finds its own.

A name alone is kept; a pair is Alyx's name and ours, and a third says how its value is read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from lab import models as ours
from lab.alyx import values

Read = Callable[[Any], Any]
Named = str | tuple[str, str] | tuple[str, str, Read]


@dataclass(frozen=True)
class Kind:
    """How one kind of Alyx's records becomes one of ours."""

    model: type[models.Model]
    plain: tuple[Named, ...] = ()
    links: tuple[Named, ...] = ()  # to one other record
    many: tuple[Named, ...] = ()  # to many
    whose: str = ""  # the link that leads to the lab on whose clock its times are
    is_owned: bool = False  # it points at any object, by content_type and object_id


JSON = "json"
NAMED: tuple[Named, ...] = ("name", JSON)
DESCRIBED: tuple[Named, ...] = ("name", ("description", "description", values.text), JSON)
ACTION: tuple[Named, ...] = (
    "name", JSON, "narrative", ("start_time", "began_at", values.instant),
    ("end_time", "ended_at", values.instant),
)  # fmt: skip
ACTION_LINKS: tuple[Named, ...] = ("subject", "lab", "location")
ACTION_MANY: tuple[Named, ...] = ("users", "procedures")
AT: Named = ("date_time", "at", values.moment)


def _not_again(status: str) -> str:
    """Let nobody get mail from here about what another server was to tell."""
    return "no-send" if status == "to-send" else status


KINDS: dict[str, Kind] = {
    "misc.cagetype": Kind(ours.CageType, DESCRIBED),
    "misc.enrichment": Kind(ours.Enrichment, DESCRIBED),
    "misc.food": Kind(ours.Food, DESCRIBED),
    "data.datarepositorytype": Kind(ours.RepositoryType, NAMED),
    "data.datarepository": Kind(
        ours.Repository,
        ("name", JSON, ("hostname", "hostname", values.text), ("data_url", "data_url", values.text),
         ("timezone", "time_zone", values.text), ("globus_path", "globus_path", values.text),
         "globus_endpoint_id", ("globus_is_personal", "is_personal"),
         ("network_path", "network_path", values.text)),
        (("repository_type", "type"),),
    ),
    "misc.lablocation": Kind(ours.Location, NAMED, ("lab",)),
    "actions.proceduretype": Kind(ours.ProcedureType, DESCRIBED),
    "actions.watertype": Kind(ours.WaterType, NAMED),
    "actions.cullreason": Kind(ours.CullReason, DESCRIBED),
    "actions.cullmethod": Kind(ours.CullMethod, DESCRIBED),
    "subjects.species": Kind(ours.Species, (*NAMED, "nickname")),
    "subjects.strain": Kind(ours.Strain, DESCRIBED),
    "subjects.source": Kind(ours.Source, DESCRIBED),
    "subjects.sequence": Kind(ours.Sequence, (*DESCRIBED, "base_pairs")),
    "subjects.allele": Kind(ours.Allele, ("nickname", ("name", "name", values.text), JSON),
                            many=("sequences",)),
    "subjects.line": Kind(
        ours.Line,
        ("name", "nickname", JSON, "description", "target_phenotype", "source_identifier",
         "source_url", "expression_data_url", "is_active",
         ("subject_autoname_index", "last_subject_number"),
         ("breeding_pair_autoname_index", "last_pair_number"),
         ("litter_autoname_index", "last_litter_number")),
        ("strain", "source", "species", "lab"),
        ("alleles",),
    ),
    "subjects.subjectrequest": Kind(
        ours.SubjectRequest,
        (JSON, "count", ("date_time", "made_on", values.day), ("due_date", "due_on", values.day),
         "description"),
        ("user", "line"),
    ),
    # Animals and litters name one another: animals come first, and learn of their litter later.
    "subjects.subject": Kind(
        ours.Subject,
        ("nickname", JSON, "sex", ("birth_date", "born_on", values.day),
         ("death_date", "died_on", values.day), ("wean_date", "weaned_on", values.day),
         ("genotype_date", "genotyped_on", values.day), ("reduced_date", "reduced_on", values.day),
         ("cage", "cage_label", values.text), ("ear_mark", "ear_mark", values.text),
         ("protocol_number", "protocol_number", int), "description", "adverse_effects",
         "actual_severity", "to_be_genotyped", "to_be_culled"),
        ("species", "strain", "source", "line", "responsible_user", "lab", "request"),
        ("projects",),
    ),
    "subjects.breedingpair": Kind(
        ours.BreedingPair,
        ("name", JSON, ("start_date", "began_on", values.day), ("end_date", "ended_on", values.day),
         "description"),
        ("line", "father", "mother1", "mother2"),
    ),
    "subjects.litter": Kind(
        ours.Litter, (*DESCRIBED, ("birth_date", "born_on", values.day)), ("line", "breeding_pair")
    ),
    "subjects.genotypetest": Kind(
        ours.GenotypeTest, (JSON, ("test_result", "result")), ("subject", "sequence")
    ),
    "subjects.zygosity": Kind(ours.Zygosity, (JSON, ("zygosity", "value")), ("subject", "allele")),
    "subjects.zygosityrule": Kind(
        ours.ZygosityRule,
        (JSON, ("sequence0_result", "result0"), ("sequence1_result", "result1"),
         ("zygosity", "value")),
        ("line", "allele", "sequence0", "sequence1"),
    ),
    "misc.housing": Kind(
        ours.Housing,
        (JSON, "cage_name", "cage_cleaning_frequency_days", "light_cycle"),
        ("cage_type", "enrichment", "food"),
    ),
    "misc.housingsubject": Kind(
        ours.HousingPeriod,
        (JSON, ("start_datetime", "began_at", values.instant),
         ("end_datetime", "ended_at", values.instant)),
        ("subject", "housing"),
        whose="subject",
    ),
    "actions.cull": Kind(
        ours.Cull,
        (JSON, ("date", "culled_on", values.day), "description"),
        ("user", "subject", ("cull_reason", "reason"), ("cull_method", "method")),
    ),
    "actions.session": Kind(
        ours.Session,
        (*ACTION, ("type", "type", values.text), "number",
         ("task_protocol", "task_protocol", values.text), "n_trials", "n_correct_trials", "qc",
         "extended_qc"),
        ACTION_LINKS,
        (*ACTION_MANY, "projects"),
        whose="lab",
    ),
    "actions.surgery": Kind(
        ours.Surgery,
        (*ACTION, ("outcome_type", "outcome", values.text), ("implant_weight", "implant_weight_g")),
        ACTION_LINKS, ACTION_MANY, whose="lab",
    ),
    "actions.virusinjection": Kind(
        ours.VirusInjection,
        (*ACTION, "virus_batch", ("injection_volume", "volume_nl"),
         ("rate_of_injection", "rate_nl_per_min"), ("injection_type", "kind", values.text)),
        ACTION_LINKS, ACTION_MANY, whose="lab",
    ),
    "actions.chronicrecording": Kind(
        ours.ChronicRecording, ACTION, ACTION_LINKS, ACTION_MANY, whose="lab"
    ),
    "actions.otheraction": Kind(ours.OtherAction, ACTION, ACTION_LINKS, ACTION_MANY, whose="lab"),
    "actions.waterrestriction": Kind(
        ours.WaterRestriction,
        (*ACTION, ("reference_weight", "reference_weight_g", values.positive)),
        (*ACTION_LINKS, "water_type"), ACTION_MANY, whose="lab",
    ),
    "actions.weighing": Kind(
        ours.Weighing, (JSON, AT, ("weight", "weight_g")), ("user", "subject"), whose="subject"
    ),
    "actions.wateradministration": Kind(
        ours.WaterAdministration,
        (JSON, AT, ("water_administered", "water_ml"), ("adlib", "is_adlib")),
        ("user", "subject", "session", "water_type"),
        whose="subject",
    ),
    "actions.notification": Kind(
        ours.Notification,
        (JSON, ("notification_type", "kind"), "title", "message", ("status", "status", _not_again),
         ("send_at", "send_at", values.instant), ("sent_at", "sent_at", values.instant)),
        ("subject",), ("users",), whose="subject",
    ),
    "actions.notificationrule": Kind(
        ours.NotificationRule,
        (JSON, ("notification_type", "kind"), ("subjects_scope", "scope")),
        ("user",),
    ),
    "data.dataformat": Kind(
        ours.DataFormat,
        (*DESCRIBED, "file_extension",
         ("matlab_loader_function", "matlab_loader_function", values.text),
         ("python_loader_function", "python_loader_function", values.text)),
    ),
    "data.datasettype": Kind(
        ours.DatasetType, (*DESCRIBED, ("filename_pattern", "filename_pattern", values.or_none)),
        ("created_by",),
    ),
    "data.tag": Kind(
        ours.Tag,
        (*DESCRIBED, ("protected", "is_protected"), ("public", "is_public"),
         ("hash", "hash", values.text)),
    ),
    "data.revision": Kind(
        ours.Revision,
        ("name", JSON, ("description", "description", values.text),
         ("created_datetime", "created_at", values.instant)),
    ),
    "data.dataset": Kind(
        ours.Dataset,
        ("name", JSON, ("collection", "collection", values.text), ("default_dataset", "is_default"),
         "file_size", ("md5", "hash", values.hexadecimal), ("hash", "hash", values.or_none),
         ("version", "version", values.text),
         ("generating_software", "software", values.text), "qc",
         ("created_datetime", "created_at", values.instant)),
        ("session", "revision", ("dataset_type", "type"), ("data_format", "format"), "created_by"),
        ("tags",),
        whose="session",
        is_owned=True,
    ),
    "data.filerecord": Kind(
        ours.FileRecord,
        (JSON, "relative_path", "exists"),
        ("dataset", ("data_repository", "repository")),
    ),
    "data.download": Kind(
        ours.Download,
        (JSON, "count", ("first_download", "first_at", values.instant),
         ("last_download", "last_at", values.instant)),
        ("user", "dataset"),
        ("projects",),
    ),
    "data.datanotice": Kind(
        ours.DataNotice,
        (*DESCRIBED, "importance", ("version_affected", "version_affected", values.text),
         ("affected_date_start", "affected_from", values.day),
         ("affected_date_end", "affected_until", values.day),
         ("created_datetime", "created_at", values.instant)),
        ("created_by",),
        ("datasets",),
    ),
    "experiments.coordinatesystem": Kind(ours.CoordinateSystem, DESCRIBED),
    "experiments.probemodel": Kind(
        ours.ProbeModel,
        (*DESCRIBED, ("probe_manufacturer", "manufacturer", values.text),
         ("probe_model", "model", values.text)),
    ),
    "experiments.brainregion": Kind(
        ours.BrainRegion,
        ("acronym", "name", ("ontology", "ontology", values.text),
         ("description", "description", values.text)),
        ("parent",),
    ),
    "experiments.chronicinsertion": Kind(
        ours.ChronicInsertion, (("serial", "serial", values.text),), ("model",)
    ),
    "experiments.probeinsertion": Kind(
        ours.ProbeInsertion,
        (("name", "name", values.text), JSON, ("serial", "serial", values.text)),
        ("session", "model", "chronic_insertion"),
        ("datasets",),
    ),
    "experiments.trajectoryestimate": Kind(
        ours.TrajectoryEstimate,
        (JSON, "provenance", ("x", "x_um"), ("y", "y_um"), ("z", "z_um"), ("depth", "depth_um"),
         ("theta", "theta_deg"), ("phi", "phi_deg"), ("roll", "roll_deg")),
        ("probe_insertion", "chronic_insertion", "coordinate_system"),
    ),
    "experiments.channel": Kind(
        ours.Channel,
        (("name", "name", values.text), JSON, ("axial", "axial_um"), ("lateral", "lateral_um"),
         ("x", "x_um"), ("y", "y_um"), ("z", "z_um")),
        (("trajectory_estimate", "trajectory"), "brain_region"),
    ),
    "experiments.imagingtype": Kind(ours.ImagingType, NAMED),
    "experiments.imagingstack": Kind(ours.ImagingStack, NAMED),
    "experiments.fov": Kind(
        ours.FieldOfView, NAMED, ("session", "imaging_type", "stack"), ("datasets",)
    ),
    "experiments.fovlocation": Kind(
        ours.FieldOfViewLocation,
        (("name", "name", values.text), JSON, "provenance", ("default_provenance", "is_default"),
         ("auto_datetime", "changed_at", values.instant),
         ("x", "x", values.numbers), ("y", "y", values.numbers), ("z", "z", values.numbers),
         ("n_xyz", "n_xyz", values.numbers)),
        ("field_of_view", "coordinate_system"),
        (("brain_region", "brain_regions"),),
    ),
    "jobs.task": Kind(
        ours.Task,
        (("name", "name", values.text), "executable", "graph", "level", "priority", "cpu", "gpu",
         ("ram", "ram_gb"), "io_charge", ("time_out_secs", "time_limit_s"),
         ("time_elapsed_secs", "elapsed_s"), "status", ("log", "log", values.text),
         ("version", "version", values.text), "arguments", ("datetime", "at", values.instant)),
        ("session", ("data_repository", "repository")),
        ("parents",),
        whose="session",
    ),
    "misc.note": Kind(
        ours.Note, (JSON, AT, "text", "image"), ("user",), is_owned=True
    ),
}  # fmt: skip
