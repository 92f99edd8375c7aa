"""The short lists that a site keeps."""

from lab import models
from lab.api.resource import Resource


def _list(name: str, model: type[models.Recorded], *more: str) -> Resource:
    one = str(model._meta.verbose_name)  # noqa: SLF001  Django's public way to name a model
    return Resource(
        name=name,
        model=model,
        about=f"An entry of the site's list of {model._meta.verbose_name_plural}.",  # noqa: SLF001
        fields=("name", "description", *more, "json"),
        order=("name", "id"),
        example={"name": f"A {one}"},
    )


ALL = (
    _list("species", models.Species, "nickname"),
    _list("strains", models.Strain),
    _list("sources", models.Source),
    _list("procedure-types", models.ProcedureType),
    _list("water-types", models.WaterType),
    _list("cage-types", models.CageType),
    _list("enrichments", models.Enrichment),
    _list("foods", models.Food),
    _list("cull-reasons", models.CullReason),
    _list("cull-methods", models.CullMethod),
    _list("coordinate-systems", models.CoordinateSystem),
    _list("imaging-types", models.ImagingType),
    _list("probe-models", models.ProbeModel, "manufacturer", "model"),
)
