"""Addresses of the whistles' pages."""

from django.urls import path

from whistles import views

urlpatterns = [
    path("", views.whistles, name="whistles"),
    path("board/", views.board, name="whistle_board"),
    path("new/", views.whistle_new, name="whistle_new"),
    path("<str:whistle_number>/", views.whistle, name="whistle"),
    path("<str:whistle_number>/<str:deed>/", views.whistle_act, name="whistle_act"),
]
