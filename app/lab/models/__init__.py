"""The lab's records: animals, procedures, sessions, water, datasets."""

from lab.models.actions import (
    Action,
    ChronicRecording,
    OtherAction,
    Quality,
    Session,
    Surgery,
    VirusInjection,
    WaterRestriction,
)
from lab.models.answers import KeptAnswer
from lab.models.colony import Allele, BreedingPair, Line, Litter, Sequence, SubjectRequest
from lab.models.data import (
    DataFormat,
    DataNotice,
    Dataset,
    DatasetType,
    Download,
    FileRecord,
    Repository,
    RepositoryType,
    Revision,
    Tag,
)
from lab.models.genetics import (
    GenotypeTest,
    Origin,
    TestResult,
    Zygosity,
    ZygosityRule,
    ZygosityValue,
)
from lab.models.housing import Housing, HousingPeriod, Location
from lab.models.lookups import (
    CageType,
    CoordinateSystem,
    CullMethod,
    CullReason,
    Enrichment,
    Food,
    ImagingType,
    ProbeModel,
    ProcedureType,
    Source,
    Species,
    Strain,
    WaterType,
)
from lab.models.notes import NewsKind, Note, Notification, NotificationRule, ToldLately
from lab.models.profiles import Affiliation, LabProfile, LightCycle, PersonProfile, ProjectProfile
from lab.models.recorded import Recorded
from lab.models.recordings import (
    BrainRegion,
    Channel,
    ChronicInsertion,
    FieldOfView,
    FieldOfViewLocation,
    ImagingStack,
    ProbeInsertion,
    TrajectoryEstimate,
)
from lab.models.scans import FileFinding, FileScan
from lab.models.subjects import Cull, Severity, Sex, Subject, SubjectName
from lab.models.tasks import Task
from lab.models.trash import DeletedRecord
from lab.models.water import GrowthPoint, WaterAdministration, Weighing

__all__ = [
    "Action", "Affiliation", "Allele", "BrainRegion", "BreedingPair", "CageType", "Channel",
    "ChronicInsertion", "ChronicRecording", "CoordinateSystem", "Cull", "CullMethod",
    "CullReason", "DataFormat", "DataNotice", "Dataset", "DatasetType", "DeletedRecord",
    "Download", "Enrichment", "FieldOfView", "FieldOfViewLocation", "FileFinding", "FileRecord",
    "FileScan", "Food",
    "GenotypeTest", "GrowthPoint", "Housing", "HousingPeriod", "ImagingStack", "ImagingType",
    "KeptAnswer", "LabProfile",
    "LightCycle", "Line", "Litter", "Location", "NewsKind", "Note", "Notification",
    "NotificationRule", "Origin", "OtherAction", "PersonProfile", "ProbeInsertion", "ProbeModel",
    "ProcedureType", "ProjectProfile", "Quality", "Recorded", "Repository", "RepositoryType",
    "Revision", "Sequence", "Session", "Severity", "Sex", "Source", "Species", "Strain",
    "Subject", "SubjectName", "SubjectRequest", "Surgery", "Tag", "Task", "TestResult",
    "ToldLately", "TrajectoryEstimate", "VirusInjection", "WaterAdministration", "WaterRestriction",
    "WaterType", "Weighing", "Zygosity", "ZygosityRule", "ZygosityValue",
]  # fmt: skip
