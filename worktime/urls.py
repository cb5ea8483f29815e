"""Addresses of the worktime pages."""

from django.urls import URLPattern, path

from worktime import views

urlpatterns: list[URLPattern] = [
    path("", views.calendars, name="calendars"),
    path("new/", views.new, name="calendar_new"),
    path("<slug:calendar>/", views.year, name="calendar"),
    path("<slug:calendar>/<int:year>/", views.year, name="calendar_year"),
    path("<slug:calendar>/days/<str:day>/", views.day, name="calendar_day"),
    path("<slug:calendar>/spans/", views.spans, name="calendar_spans"),
    path("<slug:calendar>/notice/", views.notice, name="calendar_notice"),
    path("<slug:calendar>/table/", views.table, name="calendar_table"),
]
