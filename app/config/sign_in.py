"""How people sign in: what is compared, how often it may be tried, and when it is locked."""

from datetime import timedelta
from typing import Any

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it looks at failed attempts before passwords
    "django.contrib.auth.backends.ModelBackend",
]

_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

# Five failures lock an account from the one address that they came from, and from no other. The
# limits below catch guessing that is spread over addresses or accounts. They do not ask who is
# guessing: 30 attempts from anywhere refuse everybody's next one on that account, its own person's
# too, until the window of 15 minutes ends. Sessions that are open go on.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
# An attempt during the lock does not lengthen it: the page names a time that holds.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.of"
AXES_USERNAME_CALLABLE = "accounts.addresses.name_tried"
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_DISABLE_ACCESS_LOG = True  # the audit trail has it
# What is typed is kept with a failed attempt, except for these; a new password field belongs here.
AXES_SENSITIVE_PARAMETERS = [
    *("username", "ip_address", "code", "csrfmiddlewaretoken"),
    *("password", "own_password", "again", "email", "first_name", "last_name"),
]
AXES_ENABLE_ADMIN = False  # deleting attempts there would unlock without a word in the audit trail
AXES_VERBOSE = False

# name: (hits, seconds); counted for an account, an address, a person or a token
LIMITS: dict[str, tuple[int, int]] = {
    "sign-in-account": (30, 900),
    "sign-in-address": (100, 900),
    "reset-account": (3, 3600),
    "reset-address": (20, 3600),
    "participant-sign-in-run": (20, 900),
    "participant-sign-in-address": (20, 900),
    "participant-sign-in-origin": (200, 900),  # a room full of people has one address
    "participant-code-run": (5, 3600),
    "participant-code-address": (5, 3600),
    "participant-code-origin": (60, 3600),
    "participant-mail-run": (5, 3600),
    "participant-mail-address": (5, 3600),
    "participant-mail-origin": (60, 3600),
    "link-address": (60, 900),
    "shared-address": (120, 900),  # pages of results that were shared
    "api-known": (600, 60),
    "api-stranger": (30, 60),
    "lightmill-host": (30, 900),  # wrong passwords of hosts
}
