"""News that the records send: who hears of what, once an hour at most, and by mail."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

import jobs
from accounts.models import Lab, Membership, Project, User
from accounts.roles import is_operator
from common.errors import NotAllowed
from lab import recording
from lab.errors import DoesNotFit
from lab.models import NewsKind, Notification, NotificationRule, Subject
from lab.services import told_lately

QUIET = timedelta(hours=1)
STALE = timedelta(days=3)
Scope = NotificationRule.Scope
BATCH = 500


class NotYourRule(NotAllowed):
    message = "Everybody says for themselves of what they want to hear."
    remedy = "Ask that person."


@dataclass(frozen=True)
class Story:
    """Something worth telling, and whose matter it is before anybody's rules are asked."""

    kind: NewsKind
    title: str
    message: str
    lab: Lab
    subject: Subject | None = None
    to: Sequence[User] = ()

    @property
    def key(self) -> str:
        return f"{self.kind}|{self.title}|{self.subject.pk if self.subject else self.lab.pk}"


@transaction.atomic
def tell(
    stories: Sequence[Story], *, by: User | None = None, moment: datetime | None = None
) -> list[Notification]:
    """Tell everybody whom it concerns; what was told within the hour is left out.

    The mail is sent by a job once the caller's transaction has committed. A fixed number of
    questions for any number of stories.
    """
    moment = moment or now()
    audience = audience_of(stories)
    heard = {story.key: story for story in stories if audience[story.key]}
    if not heard:
        return []
    won = told_lately.claim(list(heard), within=QUIET, moment=moment)
    new = [story for key, story in heard.items() if key in won]
    with recording.by(by):
        rows = [_notification(story, moment) for story in new]
        Notification.objects.bulk_create(rows)
    links = Notification.users.through
    links.objects.bulk_create(
        links(notification_id=row.pk, user_id=key)
        for row, story in zip(rows, new, strict=True)
        for key in sorted(audience[story.key])
    )
    for begin in range(0, len(rows), BATCH):
        _send_later([str(row.pk) for row in rows[begin : begin + BATCH]])
    return rows


def _notification(story: Story, moment: datetime) -> Notification:
    return Notification(
        kind=story.kind,
        title=story.title[:255],
        message=story.message,
        subject=story.subject,
        send_at=moment,
    )


def _send_later(keys: list[str]) -> None:
    def enqueue() -> None:
        jobs.enqueue("lab.send_news", arguments={"notifications": keys})

    transaction.on_commit(enqueue, robust=True)  # what was told stays told, and is sent later


def send_what_was_left(*, moment: datetime) -> int:
    """Ask again for mail of the last days that no job has sent; those of older days are history."""
    waiting = Notification.objects.filter(
        status=Notification.Status.TO_SEND,
        send_at__range=(moment - STALE, moment - QUIET),
    )
    keys = [str(key) for key in waiting.values_list("pk", flat=True)]
    if keys:
        _send_later(keys)
    return len(keys)


# --- who hears of it ---------------------------------------------------------------------------
def audience_of(stories: Sequence[Story]) -> dict[str, set[Any]]:
    """Return the ids of all who hear of each story: whose matter it is, and whose rules say so."""
    kinds = {story.kind for story in stories}
    rules = list(
        NotificationRule.objects.filter(kind__in=kinds, user__is_active=True).select_related("user")
    )
    silent = {(rule.kind, rule.user_id) for rule in rules if rule.scope == Scope.NONE}
    found = {
        story.key: {
            user.pk for user in story.to if user.is_active and (story.kind, user.pk) not in silent
        }
        for story in stories
    }
    wide = [rule for rule in rules if rule.scope in {Scope.LAB, Scope.ALL}]
    mine = [rule for rule in rules if rule.scope == Scope.MINE]
    for story in stories:
        if story.subject:
            whose = story.subject.responsible_user_id
            found[story.key] |= {
                rule.user_id for rule in mine if rule.kind == story.kind and rule.user_id == whose
            }
    for key, user in _wide(stories, wide):
        found[key].add(user)
    return found


def _wide(stories: Sequence[Story], rules: Sequence[NotificationRule]) -> Iterable[tuple[str, Any]]:
    """Yield who wants to hear of a lab, or of all, as far as they may see it."""
    people = {rule.user_id: rule.user for rule in rules}
    if not people:
        return
    members = set(Membership.objects.filter(user__in=list(people)).values_list("user", "lab"))
    hidden = {key: _unseen(user, stories) for key, user in people.items()}
    for rule in rules:
        for story in stories:
            near = (rule.user_id, story.lab.pk) in members
            far = rule.scope == Scope.ALL and is_operator(people[rule.user_id])
            seen = story.subject is None or story.subject.pk not in hidden[rule.user_id]
            if rule.kind == story.kind and (near or far) and seen:
                yield story.key, rule.user_id


def _unseen(user: User, stories: Sequence[Story]) -> set[Any]:
    """Return the animals that a person may not see: those of closed projects only."""
    keys = {story.subject.pk for story in stories if story.subject}
    closed = Project.objects.filter(visibility=Project.Visibility.MEMBERS)
    if not keys or not closed.filter(subjects__in=keys).exists():
        return set()
    seen = Subject.objects.visible_to(user).filter(pk__in=keys)
    return keys - set(seen.values_list("pk", flat=True))


# --- what people choose --------------------------------------------------------------------------
@transaction.atomic
def choose(*, by: User, kind: str, scope: str) -> NotificationRule:
    """Say of which animals one wants to hear, for one kind of news; "none" opts out."""
    if kind not in NewsKind.values:
        raise DoesNotFit(f"{kind} is no kind of news.", field="kind")
    if scope not in Scope.values:
        raise DoesNotFit(f"{scope} is none of {', '.join(Scope.values)}.", field="scope")
    with recording.by(by):
        rule, is_new = NotificationRule.objects.get_or_create(
            user=by, kind=kind, defaults={"scope": scope}
        )
        if not is_new and rule.scope != scope:
            rule.scope = scope
            rule.save()
    return rule


def change_choice(*, rule: NotificationRule, by: User, kind: str, scope: str) -> NotificationRule:
    """Choose again; nobody chooses for somebody else."""
    _need_own(rule, by)
    if kind != rule.kind:
        raise DoesNotFit("A rule stays with its kind of news.", field="kind")
    return choose(by=by, kind=kind, scope=scope)


def forget_choice(*, rule: NotificationRule, by: User) -> None:
    """Take a choice of one's own back, so that the usual holds."""
    _need_own(rule, by)
    choose_the_usual(by=by, kinds=[rule.kind])


def _need_own(rule: NotificationRule, by: User) -> None:
    if rule.user_id != by.pk:
        raise NotYourRule


@transaction.atomic
def choose_the_usual(*, by: User, kinds: Collection[str] = ()) -> int:
    """Hear of one's own animals again, and of nobody else's."""
    mine = NotificationRule.objects.filter(user=by, kind__in=kinds or NewsKind.values)
    with recording.by(by):
        count, _ = mine.delete()
    return count
