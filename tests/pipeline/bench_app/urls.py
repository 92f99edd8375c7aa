from bench import views
from django.urls import path

urlpatterns = [
    path("echo/", views.echo),
    path("echo/upload/", views.echo),  # the front lets big bodies through here
    path("notes/", views.notes),
    path("slow/", views.slow),
    path("release/", views.release),
]
