"""``/lightmill/experiments``: the designs that clients may log runs of."""

from django.http import HttpResponse

from factorial.lightmill2025 import documents
from factorial.lightmill2025.shapes import EXPERIMENT
from factorial.lightmill2025.wire import Call, Route, endpoint, reply
from factorial.log_errors import NoSuchExperiment
from factorial.queries import log_experiments
from factorial.services import log_experiments as service


def _list(call: Call) -> HttpResponse:
    found = log_experiments.asked_for(call.query)
    return reply({"data": [documents.experiment(design) for design in found]})


def _show(call: Call) -> HttpResponse:
    design = log_experiments.by_key(call.id)
    if design is None:
        raise NoSuchExperiment(f"Experiment {call.id} not found")
    return reply({"data": documents.experiment(design)})


def _create(call: Call) -> HttpResponse:
    name = call.body["data"]["attributes"]["name"]
    design = service.create(session=call.found, name=name)
    location = call.address("experiment", design.pk)
    return reply({"data": documents.identifier("experiments", design.pk)}, 201, location=location)


many = endpoint(
    get=Route(_list, needs_session=False, query={"filter[name]": None}),
    post=Route(_create, EXPERIMENT, needs_session=False),
)
one = endpoint(get=Route(_show))
