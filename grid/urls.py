"""Map data."""

from django.urls import path

from grid import views

urlpatterns = [
    path("map/cells/", views.map_cells, name="map_cells"),
]
