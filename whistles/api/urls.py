"""Addresses of the API below /api/v1/."""

from django.urls import path

from whistles.api import views

urlpatterns = [
    path("whistles/", views.Whistles.as_view(), name="api_whistles"),
    path("whistles/<str:whistle_number>/", views.OneWhistle.as_view(), name="api_whistle"),
    path(
        "whistles/<str:whistle_number>/<str:deed>/",
        views.WhistleAct.as_view(),
        name="api_whistle_act",
    ),
]
