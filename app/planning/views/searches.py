"""Pages of searches: begin one, see how far it is, end it, repeat it."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Project
from planning.forms.searches import SearchForm
from planning.models import Plan, Search
from planning.pictures import searches as pictures
from planning.queries import searches as asked
from planning.services import endings, mails, searches
from planning.views import search_results


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def new(request: HttpRequest, plan: uuid.UUID) -> HttpResponse:
    found = asked.plan(request.user, plan)
    person: Any = request.user
    form = SearchForm(request.POST or None, initial={"tells_by_mail": mails.wants_mail(person)})
    if request.method == "POST" and form.is_valid():
        begun = searches.begin(plan=found, by=person, wish=form.wish)
        if form.cleaned_data["is_habit"]:
            mails.keep_habit(by=person, tells_by_mail=form.cleaned_data["tells_by_mail"])
        messages.success(request, "The search waits for a free worker. You may leave this page.")
        return redirect("planning:search", begun.pk)
    context = {"plan": found, "form": form, "expected_s": _expected(found, form)}
    return render(request, "planning/searches/new.html", context)


@require_safe
@login_required
@never_cache
def expected(request: HttpRequest, plan: uuid.UUID) -> HttpResponse:
    """Tell about how long a search takes that is not begun yet."""
    found = asked.plan(request.user, plan)
    form = SearchForm(request.GET)
    return render(
        request, "planning/searches/_expected.html", {"expected_s": _expected(found, form)}
    )


def _expected(plan: Plan, form: SearchForm) -> float | None:
    if not form.is_bound:
        form = SearchForm({name: field.initial for name, field in form.fields.items()})
    return asked.expected_s(plan, form.wish.effort) if form.is_valid() else None


@require_safe
@login_required
@never_cache
def of_plan(request: HttpRequest, plan: uuid.UUID) -> HttpResponse:
    """List what was searched for a plan."""
    found = asked.plan(request.user, plan)
    context = {
        "plan": found,
        "rows": asked.of_plan(found),
        "may_change": _may_change(request, found),
    }
    return render(request, "planning/searches/list.html", context)


def _may_change(request: HttpRequest, plan: Plan) -> bool:
    return Project.objects.editable_by(request.user).filter(pk=plan.project_id).exists()


@require_safe
@login_required
@never_cache
def search(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    found = asked.one(request.user, search)
    context = _standing(request, found)
    designs = asked.designs(found)
    context |= {"designs": designs, "rows": asked.rows_of(designs)}
    if found.method == Search.Method.FRONT and designs:
        context |= search_results.front(request, found, designs)
    return render(request, "planning/searches/search.html", context)


@require_safe
@login_required
@never_cache
def card(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    """Show what moves on the page of a search; when it has ended, the page is loaded anew."""
    found = asked.one(request.user, search)
    was_over = found.finished_at is not None
    context = _standing(request, found) | {"is_fragment": True}
    response = render(request, "planning/searches/_state.html", context)
    if was_over or context["search"].finished_at:
        response["HX-Refresh"] = "true"
    return response


def _standing(request: HttpRequest, search: Search) -> dict[str, Any]:
    islands = asked.islands(search)
    if search.finished_at is None and not any(endings.is_at_work(each) for each in islands):
        endings.settle(search.pk)  # its last process was ended before it could do so
        search = asked.one(request.user, search.pk)
    is_front = search.method == Search.Method.FRONT  # its designs are worth different things
    points = [] if is_front else asked.history(search, islands)
    return {
        "search": search,
        "plan": search.plan,
        "islands": islands,
        "standing": asked.standing(search, islands),
        "drawing": pictures.of_history(points),
        "may_change": _may_change(request, search.plan),
    }


@require_POST
@login_required
def end(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    found = asked.one(request.user, search)
    searches.end_now(search=found, by=_person(request))
    messages.success(request, "The search ends within seconds; its best designs are kept.")
    return redirect("planning:search", found.pk)


@require_POST
@login_required
def cancel(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    found = asked.one(request.user, search)
    searches.cancel(search=found, by=_person(request))
    messages.success(request, "The search is being cancelled; what it has found is kept.")
    return redirect("planning:search", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def repeat(request: HttpRequest, search: uuid.UUID) -> HttpResponse:
    """Do it again; for one that has succeeded, ask whether that is meant."""
    found = asked.one(request.user, search)
    is_sure = request.POST.get("sure") == "yes"
    if request.method == "POST" and (is_sure or found.outcome != Search.Outcome.SUCCEEDED):
        again = searches.repeat(search=found, by=_person(request), is_sure=is_sure)
        messages.success(request, f"It is done again with the seed {again.seed}.")
        return redirect("planning:search", again.pk)
    return render(request, "planning/searches/repeat.html", {"search": found, "plan": found.plan})


def _person(request: HttpRequest) -> Any:
    return request.user
