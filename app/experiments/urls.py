from django.urls import path

from experiments.views import (
    console,
    files,
    groups,
    participant,
    protocols,
    rights,
    series,
    trials,
    uploads,
)

app_name = "experiments"
urlpatterns = [
    path("take/<str:token>/", participant.welcome, name="welcome"),
    path("series/<str:token>/", series.waves, name="series"),
    path("run/<str:key>/", participant.page, name="page"),
    path("run/<str:key>/take-over/", participant.take_over, name="take-over"),
    path("run/<str:key>/go-back/", participant.go_back, name="go-back"),
    path("run/<str:key>/about/", rights.about, name="about"),
    path("run/<str:key>/about/mail/", rights.mail, name="about-mail"),
    path("run/<str:key>/about/consent.txt", rights.consent_copy, name="consent-copy"),
    path("withdraw/<str:token>/", rights.withdraw, name="withdraw"),
    path("experiments/", protocols.protocols, name="protocols"),
    path("experiments/<uuid:protocol>/", protocols.protocol, name="protocol"),
    path("experiments/<uuid:protocol>/report.csv", protocols.report, name="report"),
    path("groups/", console.groups, name="groups"),
    path("groups/<uuid:group>/", console.group, name="group"),
    path("groups/<uuid:group>/state/", console.state, name="group-state"),
    path("groups/<uuid:group>/begin/", console.begin, name="group-begin"),
    path("groups/<uuid:group>/go-on/", console.go_on, name="group-go-on"),
    path("groups/<uuid:group>/end/", console.abort, name="group-abort"),
    path("groups/<uuid:group>/notes/", console.notes, name="group-notes"),
    path("run/<str:key>/group/", groups.ask, name="group-ask"),
    path("run/<str:key>/<uuid:visit>/", participant.submit, name="submit"),
    path("run/<str:key>/stimuli/<str:digest>/", files.stimulus, name="stimulus"),
    path("run/<str:key>/modules/<str:digest>.js", trials.module, name="module"),
    path("run/<str:key>/<uuid:visit>/trials/", trials.take, name="trials"),
    path("run/<str:key>/<uuid:visit>/uploads/", uploads.begin, name="upload-begin"),
    path("run/<str:key>/<uuid:visit>/uploads/<uuid:upload>/", uploads.add, name="upload-add"),
]
