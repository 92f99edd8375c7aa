"""Kinds of procedures, found by their name."""

from rest_framework import serializers

from lab.models import ProcedureType
from lab.one.resources.data import ByName


class ProcedureShape(serializers.ModelSerializer[ProcedureType]):
    class Meta:
        model = ProcedureType
        fields = ["id", "name", "description", "json"]
        read_only_fields = ["id"]


class Procedures(ByName):
    """What is done with animals; a lab's managers add to the list."""

    kind = ProcedureType
    serializer_class = ProcedureShape
    http_method_names = ["get", "post", "head", "options"]
