"""Addresses of the pages."""

from django.urls import path

from issues.views import photos

urlpatterns = [
    path("attachments/", photos.upload, name="attachment_upload"),
    path("attachments/<uuid:public_id>/", photos.photo, name="attachment"),
]
