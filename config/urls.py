"""Addresses: pages in Chinese and English, the API, health, and the admin for superusers."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from config import health, metrics

handler400 = "config.failures.bad_request"
handler404 = "config.failures.not_found"
handler500 = "config.failures.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("issues.urls")),
    path("", include("accounts.urls")),
    path("", include("grid.urls")),
    path("whistles/", include("whistles.urls")),
    path("notices/", include("notices.urls")),
    path("calendars/", include("worktime.urls")),
    path("", include("partyorgs.urls")),
    path("api/v1/", include("accounts.api")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/", include("whistles.api.urls")),
    path("api/v1/", include("issues.api.urls")),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("health/engine", health.engine, name="engine"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
