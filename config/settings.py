"""Settings, all from environment variables; `.env.example` documents them.

Three modes: `embedded` (SQLite and one engine process, for one machine),
`production` (PostgreSQL and Redis; refuses an unsafe start) and `test`.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from config.loggers import to_stdout

BASE_DIR = Path(__file__).resolve().parent.parent


def environment() -> environ.Env:
    """The variables of the process, completed by the file that GEZHI_ENV_FILE names (.env).

    An empty variable counts as one that is not set: `HTTPS=` must not turn
    HTTPS off. Raises ImproperlyConfigured when the named file cannot be read.
    """
    named = os.environ.get("GEZHI_ENV_FILE")
    if named and not os.access(named, os.R_OK):
        raise ImproperlyConfigured(f"GEZHI_ENV_FILE names {named!r}, which cannot be read.")
    reader = environ.Env()  # type: ignore[no-untyped-call]
    reader.read_env(named or BASE_DIR / ".env")
    reader.ENVIRON = {name: value for name, value in os.environ.items() if value.strip()}  # type: ignore[assignment]
    return reader


env = environment()

MODE = env.str("GEZHI_MODE", "embedded")
if MODE not in {"embedded", "production", "test"}:
    raise ImproperlyConfigured(f"GEZHI_MODE is {MODE!r}: set it to embedded, production or test.")
PRODUCTION = MODE == "production"
EMBEDDED = MODE == "embedded"
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", False)
MINIMUM_SECRET_LENGTH = 50


def given(name: str) -> str:
    """The secret called `name`, from `name` or the file that `name`_FILE names; maybe none."""
    if file := env.str(f"{name}_FILE", ""):
        return Path(file).read_text(encoding="utf-8").strip()
    return str(env.str(name, ""))


def secret(name: str) -> str:
    """The secret called `name`, which must be one.

    Embedded and test mode keep one of their own in DATA_DIR, readable by its
    owner only. Production raises ImproperlyConfigured when it is missing or
    shorter than MINIMUM_SECRET_LENGTH characters.
    """
    value = given(name)
    if PRODUCTION:
        if len(value) < MINIMUM_SECRET_LENGTH:
            raise ImproperlyConfigured(
                f"{name} is missing or shorter than {MINIMUM_SECRET_LENGTH} characters. "
                f"Make one with: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
            )
        return value
    if value:
        return value
    kept = DATA_DIR / f"{name.lower()}.txt"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(get_random_secret_key(), encoding="utf-8")
    return kept.read_text(encoding="utf-8")


SECRET_KEY = secret("SECRET_KEY")
# Contact data has a key of its own, so that rotating one does not lose the other.
CONTACT_KEY = secret("CONTACT_KEY")

if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is on in production: set DEBUG=false.")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is empty: name the hosts that people will type.")
# Health checks ask from the machine itself.
ALLOWED_HOSTS.append("127.0.0.1")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "config",
    "whistles",
    "issues",
    "residents",
    "partyorgs",
    "grid",
    "matters",
    "worktime",
    "notices",
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "lucide",
    "rest_framework",
    "drf_spectacular",
]
MIDDLEWARE = [
    "config.middleware.watched",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.private_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.scope",
    "config.middleware.no_nul",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ]
        },
    }
]


def database() -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names, options of the URL included."""
    found: dict[str, Any] = env.db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'gezhi.sqlite3'}")
    asked = found.get("OPTIONS", {})
    if found["ENGINE"].endswith("sqlite3"):
        pragmas = (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
            "PRAGMA foreign_keys=ON;PRAGMA cache_size=-64000"
        )
        ours = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas}
        return found | {"OPTIONS": ours | asked}
    # Our queries are short and name their joins in the order to run them; planning
    # a list's nine joins freely takes 6 ms, running them in the given order 2.
    ordered = f"{asked.get('options', '')} -c join_collapse_limit=1".strip()
    kept = {"CONN_MAX_AGE": env.int("CONN_MAX_AGE", 600), "CONN_HEALTH_CHECKS": True}
    return kept | found | {"OPTIONS": asked | {"options": ordered}}


if PRODUCTION and not env.str("DATABASE_URL", ""):
    raise ImproperlyConfigured("DATABASE_URL is missing: name production's PostgreSQL.")
DATABASES = {"default": database()}
if name := env.str("TEST_DB_NAME", ""):
    DATABASES["default"]["TEST"] = {"NAME": name}
REDIS_URL = env.str("REDIS_URL", "")
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured("REDIS_URL is missing: production needs Redis for its workers.")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "partyorgs.permissions.PostPermissions",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", 12) * 3600
# An API token ends this many days after it was made.
TOKEN_DAYS = env.int("TOKEN_DAYS", 365)
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
AXES_FAILURE_LIMIT = env.int("SIGN_IN_ATTEMPTS", 5)
AXES_COOLOFF_TIME = env.float("SIGN_IN_LOCK_HOURS", 0.25)
# By account and address together: one office behind one address must not be
# locked out by one person's mistakes.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_HANDLER = "accounts.lockout.TwoLimits"
# A lock ends in time, however often people try meanwhile: else one who keeps
# trying would keep a whole address locked.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_IPWARE_PROXY_COUNT = env.int("PROXY_COUNT", 0)
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_address"
# Failures of one address, whatever the account, before it is locked; 0: never.
# Behind a proxy that tells no address everybody has the proxy's own.
ADDRESS_FAILURE_LIMIT = (
    0 if BEHIND_PROXY and not AXES_IPWARE_PROXY_COUNT else env.int("SIGN_IN_ADDRESS_ATTEMPTS", 100)
)

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(DATA_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def package_files(package: str, folder: str) -> Path:
    """Where an installed package keeps its browser files, without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(f"{package} is not installed: run `make install`.")
    return Path(spec.origin).parent / folder


STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("leaflet", package_files("leaflet", "static/leaflet")),
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE == "test" or DEBUG
        else "config.storage.StaticFiles"
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# The district's letters before every issue number, e.g. QH-261121-7K3M9.
NUMBER_PREFIX = env.str("NUMBER_PREFIX", "QH")
# The name of this installation, shown beside the product's: its district, say.
DEPLOYMENT_NAME = env.str("DEPLOYMENT_NAME", "")

# Base map: empty by default, the map then shows cells on plain ground.
MAP_TILES = {
    "url": env.str("MAP_TILE_URL", ""),
    "subdomains": env.str("MAP_TILE_SUBDOMAINS", ""),
    "datum": env.str("MAP_TILE_DATUM", "wgs84"),
    "attribution": env.str("MAP_TILE_ATTRIBUTION", ""),
    "approval_number": env.str("MAP_TILE_APPROVAL_NUMBER", ""),
    "origins": env.list("MAP_TILE_ORIGINS", default=[]),
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *MAP_TILES["origins"]],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
HTTPS = env.bool("HTTPS", PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Both bind hosts that are not ours to speak for, and preloading lasts for years:
# the operator says so, and the deployment check stays quiet about it.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env.bool("HSTS_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["config.bodies.BoundedJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gezhi API",
    "DESCRIPTION": "Reports of problems at places: located, dispatched, handled, checked, closed.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # Reports and whistles both have states, verbs and kinds: a client's types keep their names.
    "ENUM_NAME_OVERRIDES": {
        "StateEnum": "issues.api.base.STATES",
        "VerbEnum": "issues.api.base.VERBS",
        "ClockKindEnum": "issues.api.base.CLOCK_KINDS",
        "WhistleStateEnum": "whistles.api.shapes.STATES",
        "WhistleVerbEnum": "whistles.api.shapes.VERBS",
        "WhistleKindEnum": "whistles.api.shapes.KINDS",
    },
}

# Called by the auditor when all is well, so that silence alarms whoever listens.
HEARTBEAT_URL = env.str("HEARTBEAT_URL", "")

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_TASK_ACKS_LATE = True
# A worker takes what it can do now: what waits with the broker can expire there.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long Redis is away: a worker waits for it, and never gives up.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The beat writes its file about once in four minutes then; its health check reads the file's age.
CELERY_BEAT_MAX_LOOP_INTERVAL = 60  # seconds
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# Where people reach this installation: links in what is sent out begin with it.
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
# Who knows the posts of a person: their default channels are explained by it.
NOTICE_POSTS = "config.posts.posts_of"
# How notices leave. Without EMAIL_URL and SMS_URL these two channels are closed.
vars().update(env.email_url("EMAIL_URL", "dummymail://"))
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "gezhi@localhost")
SMS_URL = env.str("SMS_URL", "")
SMS_KEY = given("SMS_KEY")
SMS_SIGN_NAME = env.str("SMS_SIGN_NAME", "")
WEBHOOK_TIMEOUT = 20  # seconds
# Certificates of one's own authority, for the servers of targets.
NOTICE_CA_FILE = env.str("NOTICE_CA_FILE", "")

# Who knows it may read /metrics from elsewhere than this machine.
METRICS_TOKEN = given("METRICS_TOKEN")
# json: one object a line, for machines; plain: the same for a person at a terminal.
LOG_FORMAT = env.str("LOG_FORMAT", "plain" if sys.stdout.isatty() else "json")
if LOG_FORMAT not in {"json", "plain"}:
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}: set it to json or plain.")
LOGGING_CONFIG = "config.logs.configure"
LOGGING = to_stdout(level=env.str("LOG_LEVEL", "INFO"))
if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    LOGGING["root"] = {"handlers": ["stdout"], "level": "WARNING"}
