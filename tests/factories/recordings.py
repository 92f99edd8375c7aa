"""Probes, tracks, channels, imaging planes and a little brain, written without asking who may."""

from typing import Any

from tests.factories.lab import made

from lab import models, recording

# id, acronym, name, parent: root > grey > (CTX > (VIS > VISp), TH)
BRAIN = [
    (0, "void", "void", None),
    (997, "root", "root", None),
    (8, "grey", "Basic cell groups and regions", 997),
    (688, "CTX", "Cerebral cortex", 8),
    (669, "VIS", "Visual areas", 688),
    (385, "VISp", "Primary visual area", 669),
    (549, "TH", "Thalamus", 8),
]
Provenance = models.TrajectoryEstimate.Provenance


def brain() -> dict[str, Any]:
    """Make some regions; return them by their acronyms."""
    regions: dict[int, Any] = {}
    for key, acronym, name, parent in BRAIN:
        regions[key] = models.BrainRegion.objects.create(
            id=key, acronym=acronym, name=name, parent=regions.get(parent or -1)
        )
    return {region.acronym: region for region in regions.values()}


def insertion(session: Any, name: str = "probe00", **values: Any) -> Any:
    return made(models.ProbeInsertion, session=session, name=name, **values)


def trajectory(of: Any, provenance: int = Provenance.ALIGNED, **values: Any) -> Any:
    values = {"x_um": -2000.0, "y_um": 1000.0, "theta_deg": 15.0, "lab": of.lab} | values
    owner = "probe_insertion" if isinstance(of, models.ProbeInsertion) else "chronic_insertion"
    return made(models.TrajectoryEstimate, provenance=provenance, **{owner: of}, **values)


def channel(on: Any, region: Any = None, axial_um: float = 20.0, **values: Any) -> Any:
    values = {"lateral_um": 16.0} | values
    return made(models.Channel, trajectory=on, brain_region=region, axial_um=axial_um, **values)


def chronic_insertion(animal: Any, by: Any, serial: str = "1002", **values: Any) -> Any:
    action = made(models.ChronicRecording, subject=animal, lab=animal.lab, name="left V1")
    with recording.by(None):
        action.users.set([by])
    return made(models.ChronicInsertion, recording=action, serial=serial, **values)


def field_of_view(session: Any, name: str = "FOV_00", **values: Any) -> Any:
    return made(models.FieldOfView, session=session, name=name, **values)


def location(plane: Any, *regions: Any, provenance: str = "E", **values: Any) -> Any:
    corners = {"x": [0.0, 1, 0, 1], "y": [0.0, 0, 1, 1], "z": [0.0, 0, 0, 0]}
    values = corners | {"is_default": True} | values
    found = made(models.FieldOfViewLocation, field_of_view=plane, provenance=provenance, **values)
    with recording.by(None):
        found.brain_regions.set(regions)
    return found


def dataset(session: Any, name: str, collection: str, **values: Any) -> Any:
    """Make a dataset, with its type and format when they are new."""
    kind, _sep, ending = name.rpartition(".")
    with recording.by(None):
        form, _ = models.DataFormat.objects.get_or_create(
            name=ending, defaults={"file_extension": f".{ending}"}
        )
        sort, _ = models.DatasetType.objects.get_or_create(name=kind)
    return made(models.Dataset, session=session, lab=session.lab, name=name, type=sort,
                format=form, collection=collection, **values)  # fmt: skip


def one_of_each(session: Any, by: Any) -> dict[str, Any]:
    """Make one record of each kind in a session; return what each is looked up by."""
    regions, probe = brain(), insertion(session)
    track, plane = trajectory(probe), field_of_view(session)
    return {
        "region": regions["VISp"].pk,
        "insertion": probe.pk,
        "trajectory": track.pk,
        "channel": channel(track, regions["VISp"]).pk,
        "chronic_insertion": chronic_insertion(session.subject, by).pk,
        "field_of_view": plane.pk,
        "fov_location": location(plane, regions["VISp"]).pk,
        "stack": made(models.ImagingStack, name="stack").pk,
    }
