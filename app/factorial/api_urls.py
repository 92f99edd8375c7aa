"""What programs ask for of designs: no slash at the end, as programs write addresses."""

from django.urls import path

from factorial.api import designs, exports

app_name = "designs-api"
urlpatterns = [
    path("", designs.Designs.as_view(), name="designs"),
    path("<int:design_id>", designs.OneDesign.as_view(), name="design"),
    path("<int:design_id>/exports", exports.Exports.as_view(), name="exports"),
    path("<int:design_id>/exports/dictionary.<str:form>", exports.Dictionary.as_view(),
         name="dictionary"),
    path("<int:design_id>/exports/<str:file>", exports.ExportFile.as_view(), name="export"),
]  # fmt: skip
