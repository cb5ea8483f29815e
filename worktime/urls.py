"""Addresses of the worktime pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
