"""Scoring a design that was made elsewhere, from its files; nothing of them is stored."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from planning.errors import NotAPlan
from planning.forms.design_files import ScoreForm
from planning.pictures import designs as pictures
from planning.queries import design_files


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def score(request: HttpRequest) -> HttpResponse:
    """Take files and answer what their design is worth."""
    if request.method != "POST":
        return render(request, "planning/designs/score.html", {"form": ScoreForm()})
    form = ScoreForm(request.POST, request.FILES)
    judged = _judged(form) if form.is_valid() else None
    if judged is None:
        return render(
            request, "planning/designs/score.html", {"form": form}, status=NotAPlan.status
        )
    context = {
        "form": form,
        "judged": judged,
        "precisions": list(zip(judged.contrasts, judged.score.precision, strict=True)),
        "conditions": list(
            zip(judged.score.conditions, judged.score.counts, judged.score.inflation, strict=True)
        ),
    }
    if judged.better:
        found, told = judged.better.answer, judged.better.told
        context["drawn"] = pictures.strip(told, found.order, found.waits)
    return render(request, "planning/designs/score.html", context)


def _judged(form: ScoreForm) -> design_files.Judged | None:
    try:
        shown = design_files.read(form.contents)
    except NotAPlan as error:
        form.add_error("files", error.message)
        return None
    try:
        return design_files.judge(shown, form.scan, pairs=form.cleaned_data["compare"] == "pairs")
    except NotAPlan as error:
        form.add_error(None, error.message)
        return None
