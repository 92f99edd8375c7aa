"""Writing where was recorded: probes, tracks, channels, imaging planes."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.timezone import now

from accounts.models import Lab, User
from lab import permissions, recording
from lab.errors import DoesNotFit
from lab.models import (
    Channel,
    ChronicInsertion,
    ChronicRecording,
    CoordinateSystem,
    FieldOfView,
    FieldOfViewLocation,
    ProbeInsertion,
    TrajectoryEstimate,
)
from lab.services import attachment, records
from lab.services.plausibility import need_life

Values = Mapping[str, Any]
USUAL_SYSTEM = "IBL-Allen"  # of the locations that name no coordinate system
BATCH = 1000


@transaction.atomic
def create_insertion(*, by: User, values: Values, reason: str = "") -> ProbeInsertion:
    """Enter a probe of a session; it owns the datasets of the folder that is named like it."""
    given = _like_chronic(dict(values))
    _need_free(ProbeInsertion, given, ("session", "name"), "name")
    with recording.by(by, reason=reason):
        insertion = records.create(kind=ProbeInsertion, by=by, values=given)
        attachment.gather(insertion)
    return insertion


@transaction.atomic
def change_insertion(
    *, insertion: ProbeInsertion, by: User, values: Values, reason: str = ""
) -> ProbeInsertion:
    after = _after(insertion, values, "session", "name", "serial", "chronic_insertion")
    _need_free(ProbeInsertion, after, ("session", "name"), "name", insertion)
    given = dict(values)
    if _differs(insertion, values, "session", "serial", "chronic_insertion"):
        given["serial"] = _like_chronic(after)["serial"]
    with recording.by(by, reason=reason):
        changed: ProbeInsertion = _renamed(insertion, by, given)
        tracks = TrajectoryEstimate.objects.filter(probe_insertion=changed)
        tracks.exclude(lab=changed.lab).update(lab=changed.lab)
    return changed


def _like_chronic(given: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the serial number of the probe that stays in the animal."""
    chronic: ChronicInsertion | None = given.get("chronic_insertion")
    if chronic is None:
        return given
    if given.get("serial") and given["serial"] != chronic.serial:
        raise DoesNotFit(
            f"The chronic insertion has the serial number {chronic.serial or 'nothing'}, "
            f"not {given['serial']}.",
            field="serial",
        )
    session = given.get("session")
    if session and session.subject_id != chronic.recording.subject_id:
        raise DoesNotFit(
            f"The chronic insertion is in {chronic.recording.subject}, not in {session.subject}.",
            field="chronic_insertion",
        )
    return given | {"serial": chronic.serial}


@transaction.atomic
def create_chronic_insertion(*, by: User, values: Values, reason: str = "") -> ChronicInsertion:
    """Enter a probe that stays in an animal; it is an action on the animal, done by ``by``."""
    own, action = _parted(values)
    action["lab"] = action.get("lab") or action["subject"].lab
    _need_life(action, action["subject"])
    with recording.by(by, reason=reason):
        done = records.create(kind=ChronicRecording, by=by, values=action | {"users": [by]})
        return records.create(kind=ChronicInsertion, by=by, values=own | {"recording": done})


@transaction.atomic
def change_chronic_insertion(
    *, insertion: ChronicInsertion, by: User, values: Values, reason: str = ""
) -> ChronicInsertion:
    own, action = _parted(values)
    permissions.need_change(by, insertion.recording)
    _need_life(action, action.get("subject", insertion.recording.subject))
    used = ProbeInsertion.objects.filter(chronic_insertion=insertion)
    if _differs(insertion, own, "serial") and used.exclude(serial=own["serial"]).exists():
        raise DoesNotFit(
            "Insertions of sessions have the present serial number. Change them first.",
            field="serial",
        )
    moves = _differs(insertion.recording, action, "subject")
    if moves and used.exclude(session__subject=action["subject"]).exists():
        raise DoesNotFit("It was used in sessions of the present animal.", field="subject")
    with recording.by(by, reason=reason):
        done = records.change(record=insertion.recording, by=by, values=action)
        TrajectoryEstimate.objects.filter(chronic_insertion=insertion).exclude(lab=done.lab).update(
            lab=done.lab
        )
        return records.change(record=insertion, by=by, values=own)


@transaction.atomic
def delete_chronic_insertion(*, insertion: ChronicInsertion, by: User, reason: str = "") -> None:
    """Delete the action, and the insertion with it."""
    records.delete(record=insertion.recording, by=by, reason=reason)


def _parted(values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what belongs to the insertion, and what to the action that it is."""
    own = {name: value for name, value in values.items() if name in {"model", "serial"}}
    action = dict(values.get("recording", {}))
    return own, action | {name: values[name] for name in ("lab",) if name in values}


def _need_life(action: Values, subject: Any) -> None:
    if action.get("began_at"):
        need_life(subject, action)


@transaction.atomic
def create_trajectory(*, by: User, values: Values, reason: str = "") -> TrajectoryEstimate:
    """Enter where a probe went in; its lab is that of the probe."""
    given = dict(values)
    given["lab"] = _lab_of_probe(given)
    _need_one_of_a_provenance(given)
    return records.create(kind=TrajectoryEstimate, by=by, values=given, reason=reason)


@transaction.atomic
def change_trajectory(
    *, trajectory: TrajectoryEstimate, by: User, values: Values, reason: str = ""
) -> TrajectoryEstimate:
    after = _after(trajectory, values, "probe_insertion", "chronic_insertion", "provenance")
    given = dict(values) | {"lab": _lab_of_probe(after)}
    _need_one_of_a_provenance(after, trajectory)
    return records.change(record=trajectory, by=by, values=given, reason=reason)


def _lab_of_probe(given: Values) -> Lab | None:
    probes = [given[name] for name in ("probe_insertion", "chronic_insertion") if given.get(name)]
    if not probes:
        raise DoesNotFit(
            "Say of which probe_insertion, or of which chronic_insertion, this is the track.",
            field="probe_insertion",
        )
    lab: Lab | None = probes[0].lab
    return lab


def _need_one_of_a_provenance(given: Values, present: TrajectoryEstimate | None = None) -> None:
    for owner in ("probe_insertion", "chronic_insertion"):
        _need_free(TrajectoryEstimate, given, (owner, "provenance"), "provenance", present)


@transaction.atomic
def create_channels(*, by: User, rows: Sequence[Values], reason: str = "") -> list[Channel]:
    """Enter many channels at once: all of them, or none."""
    channels = [Channel(**row) for row in rows]
    for lab in {channel.lab for channel in channels}:
        permissions.need_create(by, Channel, lab)
    _need_places(channels)
    try:
        with transaction.atomic(), recording.by(by, reason=reason):
            return Channel.objects.bulk_create(channels, batch_size=BATCH)
    except IntegrityError:  # another call was faster
        raise DoesNotFit(
            "One of these places on the probe has a channel already.", field="axial"
        ) from None


@transaction.atomic
def change_channel(*, channel: Channel, by: User, values: Values, reason: str = "") -> Channel:
    place = ("trajectory", "axial_um", "lateral_um")
    _need_free(Channel, _after(channel, values, *place), place, "axial", channel)
    return records.change(record=channel, by=by, values=values, reason=reason)


def _need_places(channels: Sequence[Channel]) -> None:
    """Refuse two channels at one place of a probe, and name the row."""
    tracks = {channel.trajectory_id for channel in channels}
    there = Channel.objects.filter(trajectory__in=tracks)
    taken = set(there.values_list("trajectory_id", "axial_um", "lateral_um"))
    for number, channel in enumerate(channels):
        place = (channel.trajectory_id, channel.axial_um, channel.lateral_um)
        if place in taken and None not in place:
            raise DoesNotFit(
                f"Channel {number}: the track has one at {channel.axial_um:g} µm along and "
                f"{channel.lateral_um:g} µm across already.",
                field="axial",
            )
        taken.add(place)


@transaction.atomic
def create_field_of_view(*, by: User, values: Values, reason: str = "") -> FieldOfView:
    """Enter an imaging plane; it owns the datasets of the folder that is named like it."""
    _need_free(FieldOfView, values, ("session", "name"), "name")
    with recording.by(by, reason=reason):
        plane = records.create(kind=FieldOfView, by=by, values=values)
        attachment.gather(plane)
    return plane


@transaction.atomic
def change_field_of_view(
    *, plane: FieldOfView, by: User, values: Values, reason: str = ""
) -> FieldOfView:
    after = _after(plane, values, "session", "name")
    _need_free(FieldOfView, after, ("session", "name"), "name", plane)
    with recording.by(by, reason=reason):
        changed: FieldOfView = _renamed(plane, by, values)
    return changed


def _renamed(owner: Any, by: User, values: Values) -> Any:
    """Change a probe or plane; under another name, or in another session, it owns other files."""
    before = owner.name, owner.session_id
    former = owner.name
    changed = records.change(record=owner, by=by, values=values)
    if (changed.name, changed.session_id) != before:
        if "datasets" not in values:
            attachment.release(changed, name=former)
        attachment.gather(changed)
    return changed


@transaction.atomic
def create_location(*, by: User, values: Values, reason: str = "") -> FieldOfViewLocation:
    """Enter where a plane lies; the first place of a plane is its default one."""
    given = dict(values)
    plane = FieldOfView.objects.select_for_update(of=("self",)).get(pk=given["field_of_view"].pk)
    there = FieldOfViewLocation.objects.filter(field_of_view=plane)
    given.setdefault("is_default", not there.filter(is_default=True).exists())
    if "coordinate_system" not in given:
        given["coordinate_system"] = CoordinateSystem.objects.filter(name=USUAL_SYSTEM).first()
    _need_free(FieldOfViewLocation, given, ("field_of_view", "provenance"), "provenance")
    permissions.need_create(by, FieldOfViewLocation, given["field_of_view"].lab)
    with recording.by(by, reason=reason):
        _take_default(given, plane)
        return records.create(kind=FieldOfViewLocation, by=by, values=given)


@transaction.atomic
def change_location(
    *, location: FieldOfViewLocation, by: User, values: Values, reason: str = ""
) -> FieldOfViewLocation:
    permissions.need_change(by, location)
    after = _after(location, values, "field_of_view", "provenance", "is_default")
    _need_free(FieldOfViewLocation, after, ("field_of_view", "provenance"), "provenance", location)
    with recording.by(by, reason=reason):
        _take_default(after, after["field_of_view"], location)
        return records.change(record=location, by=by, values={**values, "changed_at": now()})


def _take_default(
    given: Values, plane: FieldOfView, present: FieldOfViewLocation | None = None
) -> None:
    """Let no other place of the plane be the default one."""
    if given.get("is_default"):
        others = FieldOfViewLocation.objects.filter(field_of_view=plane, is_default=True)
        mine = [present.pk] if present else []
        others.exclude(pk__in=mine).update(is_default=False)


def _after(record: Model, values: Values, *names: str) -> dict[str, Any]:
    """Return what the named fields will be."""
    return {name: values.get(name, getattr(record, name)) for name in names} | dict(values)


def _differs(record: Model, values: Values, *names: str) -> bool:
    """Say whether the values change a named field; what came in from Alyx may stay as it is."""
    return any(name in values and values[name] != getattr(record, name) for name in names)


def _need_free(
    kind: Any, given: Values, names: tuple[str, ...], field: str, present: Any = None
) -> None:
    """Refuse a second record of the kind with the same values, and name the field."""
    wanted = {name: given.get(name) for name in names}
    if any(value is None or value == "" for value in wanted.values()):
        return
    same = kind.objects.filter(**wanted).exclude(pk=present and present.pk)
    if found := same.first():
        raise DoesNotFit(f"There is one already: {found}.", field=field)
