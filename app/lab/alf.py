"""The names of files and folders by which labs agree on what a file is (the ALF convention).

A session is ``[lab/Subjects/]subject/YYYY-MM-DD/NNN``; in it lie ``collection/#revision#/`` and
files called ``_namespace_object.attribute_timescale.extra.extension``, as the documentation of ONE
(int-brain-lab.github.io/ONE) describes it.
"""

import re
from dataclasses import dataclass
from datetime import date

SESSION = re.compile(
    r"^(?:.*?/)?(?P<subject>[A-Za-z0-9_.-]+)/(?P<day>\d{4}-\d{2}-\d{2})/(?P<number>\d{1,3})"
    r"(?:/(?P<rest>.*))?$"
)
NAMESPACE = re.compile(r"^_[A-Za-z0-9]+_")
PAIRED = {
    "times",
    "intervals",
}  # words that belong to the attribute before them, as in stimOn_times
LEAST_PARTS = 3  # object, attribute, extension
FOLDER = re.compile(r"^[A-Za-z0-9_.-]+$")
REVISION = re.compile(r"^#([A-Za-z0-9_.-]+)#$")
NAME = re.compile(r"^[^/\\:\0]{1,255}$")


class NotAlf(ValueError):
    """A path or name that does not follow the convention; the message says where."""


@dataclass(frozen=True)
class SessionPath:
    """Which session a folder belongs to, and the folders below it."""

    subject: str
    day: date
    number: int
    rest: str = ""


@dataclass(frozen=True)
class Place:
    """Where a file lies below its session's folder."""

    collection: str
    revision: str
    name: str

    def below(self, session: str) -> str:
        """Return the path of the file when its session's folder is ``session``."""
        folders = [session, self.collection, f"#{self.revision}#" if self.revision else ""]
        return "/".join([*filter(None, folders), self.name])


def session_path(path: str) -> SessionPath:
    """Read ``subject/2026-03-01/1`` with whatever stands before and after it.

    Raises
    ------
    NotAlf
        It names no animal, day and number, or leads out of where it begins.
    """
    if ".." in path.replace("\\", "/").split("/"):
        raise NotAlf(f"{path[:200]!r} leads out of its folder.")
    found = SESSION.match(path.replace("\\", "/").strip("/"))
    if not found:
        raise NotAlf(f"{path[:200]!r} is no subject/YYYY-MM-DD/number.")
    try:
        day = date.fromisoformat(found["day"])
    except ValueError:
        raise NotAlf(f"{found['day']} is no day.") from None
    return SessionPath(found["subject"], day, int(found["number"]), found["rest"] or "")


def place(path: str, above: str = "") -> Place:
    """Read ``collection/#revision#/name`` below a session, and below the folders ``above``.

    Raises
    ------
    NotAlf
        A folder has a name that is not allowed, as ``..`` is, or a revision is not the last one.
    """
    *folders, name = [part for part in f"{above}/{path}".replace("\\", "/").split("/") if part] or [
        ""
    ]
    revision = ""
    if folders and (found := REVISION.match(folders[-1])):
        revision = found[1]
        folders.pop()
    wrong = [folder for folder in folders if not FOLDER.match(folder) or set(folder) == {"."}]
    if wrong:
        raise NotAlf(f"{wrong[0][:100]!r} in {path[:200]!r} is no folder's name.")
    if not NAME.match(name) or set(name) == {"."}:
        raise NotAlf(f"{name[:100]!r} is no file's name.")
    return Place("/".join(folders), revision, name)


def need_name(name: str) -> None:
    """Refuse what is no file's name alone."""
    if place(name).name != name:
        raise NotAlf(f"{name[:100]!r} is no name of this kind.")


def need_collection(folders: str) -> None:
    """Refuse what is not a file's folders alone, parted by slashes."""
    if place("any", folders).collection != folders:
        raise NotAlf(f"{folders[:100]!r} is no name of this kind.")


def kind(name: str) -> str:
    """Return ``object.attribute`` of a file's name; empty when it is named another way."""
    thing, *others = NAMESPACE.sub("", name).split(".")
    if len(others) < LEAST_PARTS - 1 or not thing or not others[0]:
        return ""
    first, *words = others[0].split("_")
    attribute = f"{first}_{words[0]}" if words and words[0] in PAIRED else first
    return f"{thing}.{attribute}"


def extension(name: str) -> str:
    """Return the ending with its dot; empty when there is none."""
    _stem, dot, ending = name.rpartition(".")
    return f"{dot}{ending}".lower() if dot else ""
