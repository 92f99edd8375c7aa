"""The addresses of this area."""

from django.urls import path

from accounts.views import account, history, labs, projects, sign_in

app_name = "accounts"
PERSON = "labs/<slug:lab>/people/<str:username>/"
PROJECT = "projects/<slug:lab>/<slug:slug>/"

urlpatterns = [
    path("sign-in/", sign_in.sign_in_page, name="sign-in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign-in-code"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("welcome/<str:secret>/", sign_in.choose_password, name="welcome"),
    path("password/forgotten/", sign_in.password_forgotten, name="password-forgotten"),
    path("password/reset/<str:secret>/", sign_in.choose_password, name="password-reset"),
    path("password/", account.password_change, name="password-change"),
    path("me/", account.profile, name="profile"),
    path("me/security/", account.security, name="security"),
    path("me/second-factor/", account.second_factor_on, name="second-factor-on"),
    path("me/second-factor/codes/", account.recovery_codes, name="recovery-codes"),
    path("me/second-factor/off/", account.second_factor_off, name="second-factor-off"),
    path("me/sessions/end/", account.sign_out_everywhere, name="sign-out-everywhere"),
    path("me/sessions/<int:pk>/end/", account.session_end, name="session-end"),
    path("me/tokens/", account.token_list, name="tokens"),
    path("me/tokens/<int:pk>/revoke/", account.token_revoke, name="token-revoke"),
    path("", labs.lab_list, name="labs"),
    path("labs/new/", labs.lab_create, name="lab-create"),
    path("labs/<slug:lab>/", labs.lab_people, name="lab"),
    path("labs/<slug:lab>/people.csv", labs.lab_people_csv, name="people-csv"),
    path("labs/<slug:lab>/settings/", labs.lab_settings, name="lab-settings"),
    path("labs/<slug:lab>/invite/", labs.person_invite, name="person-invite"),
    path("labs/<slug:lab>/add/", labs.person_add, name="person-add"),
    path("labs/<slug:lab>/projects/new/", projects.project_create, name="project-create"),
    path(PERSON, labs.person, name="person"),
    path(f"{PERSON}remove/", labs.person_remove, name="person-remove"),
    path(f"{PERSON}activate/", labs.person_activate, name="person-activate"),
    path(f"{PERSON}unlock/", labs.person_unlock, name="person-unlock"),
    path(f"{PERSON}link/", labs.person_link, name="person-link"),
    path(
        f"{PERSON}second-factor-off/",
        labs.person_second_factor_off,
        name="person-second-factor-off",
    ),
    path("projects/", projects.project_list, name="projects"),
    path("projects.csv", projects.project_csv, name="projects-csv"),
    path(PROJECT, projects.project, name="project"),
    path(f"{PROJECT}edit/", projects.project_edit, name="project-edit"),
    path(f"{PROJECT}archive/", projects.project_archive, name="project-archive"),
    path("history/", history.history_page, name="history"),
    path("history.csv", history.history_csv, name="history-csv"),
]
