"""Cells for the map on a page."""

from __future__ import annotations

import math

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from grid.queries import cells_geojson

MAX_BBOX_DEGREES = 1.0


@require_GET
@login_required
def map_cells(request: HttpRequest) -> HttpResponse:
    """GeoJSON of the cells of `district`, `street` or `community` (codes), or of `bbox`.

    `bbox` is west,south,east,north in degrees.
    """
    levels = ("district", "street", "community")
    areas = {level: request.GET[level] for level in levels if request.GET.get(level)}
    words = request.GET.get("bbox", "")
    try:
        bbox = _bbox(words) if words else None
    except ValueError as error:
        return JsonResponse({"detail": str(error)}, status=400)
    if not (areas or bbox):
        return JsonResponse(
            {"detail": _("请指定 district、street、community 或 bbox。")}, status=400
        )
    return JsonResponse(
        cells_geojson(
            district=areas.get("district", ""),
            street=areas.get("street", ""),
            community=areas.get("community", ""),
            bbox=bbox,
        ),
        content_type="application/geo+json",
    )


def _bbox(words: str) -> tuple[float, float, float, float]:
    """Four finite degrees in order, at most MAX_BBOX_DEGREES wide and high; else ValueError."""
    problem = _("bbox 要写成 西,南,东,北 四个经纬度，每边不超过 1 度。")
    parts = words.split(",")
    if len(parts) != 4:
        raise ValueError(problem)
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        raise ValueError(problem) from None
    sizes = (east - west, north - south)
    if not all(math.isfinite(size) and 0 <= size <= MAX_BBOX_DEGREES for size in sizes):
        raise ValueError(problem)
    return west, south, east, north
