"""The home page and what belongs to no area."""

from django.urls import path

from common import views

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("theme/", views.theme, name="theme"),
    path("components/", views.components, name="components"),
]
