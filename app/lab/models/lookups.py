"""Short lists that a site keeps: what there is to choose from."""

from django.db import models

from lab.models.recorded import Recorded


class Named(Recorded):
    """One entry of a short list, found by its name."""

    name = models.CharField(max_length=255, unique=True)
    description = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Species(Named):
    nickname = models.CharField("common name", max_length=255, unique=True, null=True, blank=True)

    class Meta(Named.Meta):
        verbose_name_plural = "species"


class Strain(Named):
    pass


class Source(Named):
    """Where animals come from: a breeder, another laboratory."""


class ProcedureType(Named):
    pass


class WaterType(Named):
    pass


class CageType(Named):
    pass


class Enrichment(Named):
    pass


class Food(Named):
    pass


class CullReason(Named):
    pass


class CullMethod(Named):
    pass


class CoordinateSystem(Named):
    pass


class ImagingType(Named):
    pass


class ProbeModel(Named):
    manufacturer = models.CharField(max_length=255, blank=True, default="")
    model = models.CharField(max_length=255, blank=True, default="")
