from django.urls import path

from runs import views

app_name = "participants"
urlpatterns = [
    path("<slug:lab>/<slug:slug>/", views.participant_list, name="list"),
    path("<slug:lab>/<slug:slug>/find/", views.find, name="find"),
    path("<slug:lab>/<slug:slug>/<str:pseudonym>/", views.participant, name="participant"),
    path("<slug:lab>/<slug:slug>/<str:pseudonym>/identity/", views.read, name="read"),
    path("<slug:lab>/<slug:slug>/<str:pseudonym>/data/", views.hand_out, name="hand-out"),
    path("<slug:lab>/<slug:slug>/<str:pseudonym>/erase/", views.erase, name="erase"),
]
