"""What every situation shares; everything that differs between sites comes from the environment."""

from pathlib import Path
from typing import Any

from config import (
    brokers,
    browser_libraries,
    caches,
    content_security,
    databases,
    email,
    environment,
    logs,
)
from config.sign_in import *  # noqa: F403  how people sign in is a page of its own

ENV = environment.of_process()
APP = Path(__file__).resolve().parents[2]
PROJECT = APP.parent
STATE = ENV.path("STUDIUM_STATE", PROJECT / ".state")

# --- which site and release this is ---------------------------------------------------------
SITE_NAME = ENV.text("STUDIUM_SITE", "development")
SITE_URL = ENV.text("STUDIUM_URL", "http://127.0.0.1:8000")
TRAVELS_IN_CLEAR = False  # plain HTTP over a network: pages warn of it
ENVIRONMENT = ENV.text("STUDIUM_ENVIRONMENT", "development")
RELEASE = ENV.text("STUDIUM_RELEASE", "development")
COMMIT = ENV.text("STUDIUM_COMMIT")
LIVE = ENV.path("STUDIUM_LIVE", STATE / "live")
LEDGER = ENV.path("STUDIUM_LEDGER", STATE / "ledger.jsonl")
MAINTENANCE = ENV.path("STUDIUM_MAINTENANCE", STATE / "maintenance.json")
BACKUPS = ENV.path("STUDIUM_BACKUPS", STATE / "backups")
DRIFT = ENV.path("STUDIUM_DRIFT", Path("/var/lib/studium-drift/state.json"))
JOB_FILES = ENV.path("STUDIUM_JOB_FILES", STATE / "jobs")
CACHE_TABLES = STATE / "cache-tables"  # what ONE searches offline, put together of parts
SCRIPTS = ENV.path("STUDIUM_SCRIPTS", STATE / "scripts")  # a lab's own Python packages
SCRIPT_PACKAGES = ENV.words("STUDIUM_SCRIPT_PACKAGES")
SCRIPT_LIMIT_S = ENV.integer("STUDIUM_SCRIPT_LIMIT_S", 5)
SCRIPT_MEMORY_MB = ENV.integer("STUDIUM_SCRIPT_MEMORY_MB", 512)
SCRIPT_FOLDERS = ENV.words("STUDIUM_SCRIPT_FOLDERS")
SCRIPT_CACHE = STATE / "script-cache"  # frozen code, unpacked where it is imported from
JOB_SLOTS = ENV.integer("STUDIUM_JOB_SLOTS", 2)
JOB_ENGINE = ENV.text("STUDIUM_JOB_ENGINE", "local")  # or celery, or batch
BATCH: dict[str, Any] = {
    "queue": ENV.text("STUDIUM_BATCH_QUEUE", "studium"),
    "definition": ENV.text("STUDIUM_BATCH_DEFINITION", "studium-job"),
    "bucket": ENV.text("STUDIUM_BATCH_BUCKET"),
    "region": ENV.text("STUDIUM_BATCH_REGION", "us-east-1"),
    "prefix": f"jobs/{SITE_NAME}",
    "most": ENV.integer("STUDIUM_BATCH_MOST", 20),
    "keys": ENV.pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),  # without: the host's role
}
BROKER = brokers.from_url(brokers.address(ENV) if JOB_ENGINE == "celery" else "")
BACKUP_REPORT = ENV.text("STUDIUM_BACKUP_REPORT")
STALE_BACKUP_H = ENV.integer("STUDIUM_STALE_BACKUP_H", 36)

SITE_FILE = ENV.text("STUDIUM_SITE_FILE")
SENTRY_DSN = ENV.text("SENTRY_DSN")
SECRETS_FILE = ENV.path("STUDIUM_SECRETS", Path()) if ENV.text("STUDIUM_SECRETS") else None
SECRET_VALUES = [*ENV.secret_values(), *brokers.secrets(BROKER)]

# --- Django ----------------------------------------------------------------------------------
SECRET_KEY = ENV.text("STUDIUM_SECRET_KEY")
DEBUG = False
DEPLOYED = False
# The first seals who participants are; what the second has sealed can still be read.
IDENTITY_KEYS = [ENV.text("STUDIUM_IDENTITY_KEY"), ENV.text("STUDIUM_IDENTITY_OLD_KEY")]
ALLOWED_HOSTS = ENV.words("STUDIUM_HOSTS", "127.0.0.1 localhost [::1]")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

INSTALLED_APPS = [
    "config.apps.SiteConfig",
    "config.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "common",
    "accounts",
    "jobs",
    "lab",
    "runs",
    "experiments",
    "factorial",
    "planning",
    "ops",
    "ops.cron_app.DjangoCronConfig",  # after ops, whose `runcrons` comes first
]

# What areas say of their addresses below /api/v1/: functions that return OpenAPI's `paths`.
API_DESCRIPTIONS = ["factorial.api.description.paths", "planning.api.description.paths"]

MIDDLEWARE = [
    "common.request_id.RequestIdMiddleware",
    "common.process_title.ProcessTitleMiddleware",
    "factorial.lightmill2020.speaking.CrossOriginMiddleware",  # before all that may refuse
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "common.maintenance.MaintenanceMiddleware",  # before all that asks the database
    "accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "common.refusals.RefusalMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [APP / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.context.chrome",
            ],
        },
    }
]

DATABASES = {
    "default": databases.from_url(
        ENV.text("DATABASE_URL")
        or databases.of_rds(ENV)
        or f"sqlite:///{STATE / 'studium.sqlite3'}"
    )
}

MIGRATION_MODULES = {"django_cron": "ops.cron_migrations"}

# Sessions stay in the database whatever the cache is: losing a cache logs nobody out, and a cache
# that comes back with old entries signs nobody in again.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CACHES = {"default": caches.from_url(ENV.text("CACHE_URL"))}

DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.text("STUDIUM_MAIL_FROM", "Studium <studium@localhost>")
MAIL = email.address(
    ENV.text("EMAIL_URL"), ENV.text("MAILGUN_KEY"), sender=DEFAULT_FROM_EMAIL, state=STATE
)
MAILGUN: dict[str, Any] = {}
globals().update(email.from_url(MAIL, key=ENV.text("MAILGUN_KEY")))

CRON_CLASSES = [
    "ops.scheduled.FollowUps",
    "ops.scheduled.ClearSessions",
    "ops.scheduled.Prune",
    "ops.scheduled.Backup",
    "ops.scheduled.CheckBackup",
    "ops.scheduled.CheckWelfare",
    "ops.scheduled.ScanFiles",
    "ops.scheduled.EndQuietRuns",
    "ops.scheduled.TellRecruiters",
    "ops.scheduled.TendSeries",
    "ops.scheduled.TendPlanning",
]

LOGGING = logs.to_stderr(json=False)

# --- signing in ---------------------------------------------------------------------------------
ADDRESS_HEADER = ENV.text("STUDIUM_ADDRESS_HEADER", "REMOTE_ADDR")
OTP_TOTP_ISSUER = f"Studium {SITE_NAME}"

ONE_PREFIX = ENV.text("STUDIUM_ONE_PREFIX", "alyx").strip("/")  # where the ONE client finds it

# Its description of the API is looked at by tests, not at each deployment.
SPECTACULAR_SETTINGS = {"ENABLE_DJANGO_DEPLOY_CHECK": False}

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "lab.one.schema.OneSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.authentication.ScopeAllows",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttles.ApiThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "common.api.exception_handler",
}

# --- what browsers are told ------------------------------------------------------------------
CONTENT_SECURITY_POLICY = content_security.POLICY
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

FORM_RENDERER = "common.forms.StudiumRenderer"
CSRF_FAILURE_VIEW = "common.incidents.form_too_old"

LANGUAGE_CODE = "en"
TIME_ZONE = ENV.text("STUDIUM_TIME_ZONE", "UTC")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = ENV.path("STUDIUM_STATIC", STATE / "static")
STATICFILES_DIRS = [APP / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "common.finders.NpmFinder",
]
NPM_FILES = browser_libraries.FILES
BROWSER_LIBRARIES = ENV.path("STUDIUM_BROWSER_LIBRARIES", PROJECT / "node_modules")
MOUNTS = ENV.path("STUDIUM_MOUNTS", STATE / "mounts")  # no file is served from elsewhere
S3_ACCESS_KEY = ENV.text("STUDIUM_S3_ACCESS_KEY")  # empty: buckets are recorded, not reached
S3_SECRET_KEY = ENV.text("STUDIUM_S3_SECRET_KEY")
S3_REGION = ENV.text("STUDIUM_S3_REGION", "us-east-1")
S3_BUCKETS = ENV.words("STUDIUM_S3_BUCKETS")
RECRUITER_ACCOUNTS = ENV.named("STUDIUM_RECRUITER_")
RETURN_HOSTS = ENV.words("STUDIUM_RETURN_HOSTS")  # where participants may be led at the end
FILES_BUCKET = ENV.text("STUDIUM_FILES_BUCKET")  # empty: stimuli lie in the media folder alone
FILES_ENDPOINT = ENV.text("STUDIUM_FILES_ENDPOINT")
MEDIA_ROOT = ENV.path("STUDIUM_MEDIA", STATE / "media")
SENT_BY_WEB_SERVER = False  # by X-Accel-Redirect; elsewhere the application sends files itself
LIGHTMILL_ORIGINS = ENV.words("STUDIUM_LIGHTMILL_ORIGINS")  # pages elsewhere that may log runs
LIGHTMILL_OPEN_HOST = LIGHTMILL_HOOKS = False  # for outside tests of the protocol, never for a site
# What one person, and one lab, may have of planning.
PLANNING_SEARCHES_AT_ONCE = ENV.integer("STUDIUM_PLANNING_SEARCHES_AT_ONCE", 3)
PLANNING_SEARCHES_A_DAY = ENV.integer("STUDIUM_PLANNING_SEARCHES_A_DAY", 200)
PLANNING_MAPS_MB = ENV.integer("STUDIUM_PLANNING_MAPS_MB", 2_000)
PLANNING_LAB_SEARCHES_AT_ONCE = ENV.integer("STUDIUM_PLANNING_LAB_SEARCHES_AT_ONCE", 10)
PLANNING_LAB_SEARCHES_A_DAY = ENV.integer("STUDIUM_PLANNING_LAB_SEARCHES_A_DAY", 1_000)
PLANNING_LAB_MAPS_MB = ENV.integer("STUDIUM_PLANNING_LAB_MAPS_MB", 20_000)
PLANNING_KEPT_DAYS = ENV.integer("STUDIUM_PLANNING_KEPT_DAYS", 90)
PLANNING_HOSTS = ENV.words("STUDIUM_PLANNING_HOSTS")  # where maps may be fetched; empty: nowhere
PLANNING_LOCAL_HOSTS: list[str] = []  # servers of tests on this machine, never for a site
NEUROVAULT = ENV.text("STUDIUM_NEUROVAULT")  # the address of its API; empty: it is not asked
PLANNING_SIMULATED = ENV.flag("STUDIUM_PLANNING_SIMULATED", default=ENVIRONMENT == "development")
PICTURE_WIDTH = ENV.integer("STUDIUM_PICTURE_WIDTH", 800)
PICTURE_MOST_BYTES = ENV.integer("STUDIUM_PICTURE_MOST_MB", 8) * 2**20
PICTURE_MOST_PIXELS = 50_000_000
