from django.http import HttpRequest, HttpResponse


def home(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse("Studium")
