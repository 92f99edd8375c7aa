"""Static files where no nginx stands in front: a developer's server, and tests."""

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import FileResponse, HttpRequest, HttpResponse


class OpenStaticFiles(StaticFilesHandler):
    """Let pages elsewhere import them, as nginx does: tasks import the client of runs."""

    def serve(self, request: HttpRequest) -> HttpResponse | FileResponse:
        response = super().serve(request)
        response["Access-Control-Allow-Origin"] = "*"
        return response
