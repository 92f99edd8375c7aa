"""Addresses of factorial designs: pages under /designs/, clients under /lightmill/."""

from django.urls import URLPattern

app_name = "factorial"
urlpatterns: list[URLPattern] = []
