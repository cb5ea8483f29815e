"""Addresses of the partyorgs pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
