"""What programs ask for of planning: no slash at the end, as programs write addresses."""

from django.urls import path

from planning.api import plans, power, scores, searches

app_name = "planning-api"
urlpatterns = [
    path("maps", power.Maps.as_view(), name="maps"),
    # Fronts take large files at addresses that end in `upload`.
    path("maps/upload", power.MapUpload.as_view(), name="map-upload"),
    path("maps/<uuid:map_id>", power.OneMap.as_view(), name="map"),
    path("analyses", power.Analyses.as_view(), name="analyses"),
    path("analyses/<uuid:analysis_id>", power.OneAnalysis.as_view(), name="analysis"),
    path("analyses/<uuid:analysis_id>/peaks.csv", power.Peaks.as_view(), name="peaks"),
    path("analyses/<uuid:analysis_id>/curves.csv", power.Curves.as_view(), name="curves"),
    path("plans", plans.Plans.as_view(), name="plans"),
    path("plans/<uuid:plan_id>", plans.OnePlan.as_view(), name="plan"),
    path("designs/<uuid:design_id>", plans.OneDesign.as_view(), name="design"),
    path("designs/<uuid:design_id>/design.zip", plans.DesignZip.as_view(), name="design-zip"),
    path("designs/<uuid:design_id>/files/<path:path>", plans.DesignFile.as_view(),
         name="design-file"),
    path("searches", searches.Searches.as_view(), name="searches"),
    path("searches/<uuid:search_id>", searches.OneSearch.as_view(), name="search"),
    path("searches/<uuid:search_id>/end", searches.EndSearch.as_view(), name="search-end"),
    path("searches/<uuid:search_id>/cancel", searches.CancelSearch.as_view(),
         name="search-cancel"),
    path("score", scores.Score.as_view(), name="score"),
    path("minutes", scores.Minutes.as_view(), name="minutes"),
]  # fmt: skip
