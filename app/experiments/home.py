"""What experiments have to tell on the home page: the groups that are under way."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils.timezone import now

from common.home import Panel, Share
from experiments.queries import consoles

LATELY = timedelta(minutes=30)


def share(request: HttpRequest) -> Share:
    found = consoles.under_way(request.user, now() - LATELY)
    panel = Panel(template="experiments/console/_home.html", facts=found)
    return Share(panels=[panel] if found else [])
