"""Members of a group: browsers that look, ask for news, and are silent for a while."""

from datetime import timedelta

from django.db.models import F
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant

from accounts.keys import digest
from experiments.models import Meeting, Member
from runs.models import Run


def comers(revision, ann, count, **link):
    """Begin so many runs by one link; each has seen the first page."""
    token = experiments.token(revision, ann, **link)
    people = [Participant(token) for _ in range(count)]
    for each in people:
        each.begin()
    return people


def phase(someone):
    """Look at the page; return how far the group is at it."""
    text = someone.look().content.decode()
    return text.partition('data-phase="')[2].partition('"')[0] or someone.title


def ask(someone, stamp=""):
    return someone.browser.get(f"/run/{someone.key}/group/", headers={"If-None-Match": stamp})


def pass_time(seconds, *, but=()):
    """Let all that is in the rows have happened so much earlier; ``but`` were seen just now."""
    gone = timedelta(seconds=seconds)
    Run.objects.update(seen_at=F("seen_at") - gone)
    Member.objects.update(joined_at=F("joined_at") - gone)
    Meeting.objects.update(
        deadline_at=F("deadline_at") - gone, round_ends_at=F("round_ends_at") - gone
    )
    for each in but:
        Run.objects.filter(pk=run_of(each).pk).update(seen_at=F("seen_at") + gone)


def run_of(someone):
    return Run.objects.get(key_digest=digest(someone.key))


def member_of(someone):
    return Member.objects.select_related("group", "meeting").get(run=run_of(someone))
