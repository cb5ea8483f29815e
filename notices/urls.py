"""Addresses of the notices."""

from django.urls import path

from notices import views

urlpatterns = [
    path("", views.notice_list, name="notices"),
    path("read/", views.mark_read, name="notices_read"),
    path("bell/", views.bell, name="notices_bell"),
    path("<int:notice_id>/open/", views.open_notice, name="notice_open"),
]
