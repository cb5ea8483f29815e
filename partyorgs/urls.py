"""Addresses of the pages about who is there."""

from django.urls import path

from partyorgs import views

urlpatterns = [
    path("duty/", views.duty, name="duty"),
    path("duty/import/", views.duty_import, name="duty_import"),
    path("duty/at/<str:code>/", views.duty_organization, name="duty_organization"),
    path("duty/at/<str:code>/shift/", views.duty_set, name="duty_set"),
    path("duty/at/<str:code>/fill/", views.duty_fill, name="duty_fill"),
    path("duty/at/<str:code>/clear/", views.duty_clear, name="duty_clear"),
    path("leave/", views.leave, name="leave"),
    path("leave/<int:leave_id>/end/", views.leave_end, name="leave_end"),
]
