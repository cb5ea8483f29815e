"""Longitude and latitude between WGS-84 and the shifted datums of Chinese map services.

GCJ-02 moves a point in China by some hundred metres; BD-09 moves it once more.
The forward formula is the published reverse engineering of GCJ-02; the inverse
iterates it (six rounds, error below a millimetre). Outside China's bounding
box GCJ-02 is WGS-84.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

DATUMS = ("wgs84", "gcj02", "bd09")
Floats = npt.NDArray[np.float64]
Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_INVERSE_ROUNDS = 6
_BD_TURN = math.pi * 3000.0 / 180.0


def to_wgs84(lat: float, lng: float, datum: str) -> tuple[float, float]:
    """(lat, lng) in degrees of WGS-84; ValueError for a datum that is not in DATUMS."""
    points = to_wgs84_array(np.array([[lng, lat]], dtype=np.float64), datum)
    # At the edge of the world the way back from a shifted datum leads off it.
    return max(-90.0, min(float(points[0, 1]), 90.0)), max(-180.0, min(float(points[0, 0]), 180.0))


def from_wgs84(lat: float, lng: float, datum: str) -> tuple[float, float]:
    """(lat, lng) in degrees of `datum`; ValueError for a datum that is not in DATUMS."""
    check_datum(datum)
    x, y = np.array([lng], dtype=np.float64), np.array([lat], dtype=np.float64)
    if datum != "wgs84":
        x, y = _wgs84_to_gcj02(x, y)
    if datum == "bd09":
        x, y = _gcj02_to_bd09(x, y)
    return float(y[0]), float(x[0])


def to_wgs84_array(points: Floats, datum: str) -> Floats:
    """`points` of shape (n, 2), lng and lat in degrees of `datum`, in WGS-84."""
    check_datum(datum)
    if datum == "wgs84":
        return points
    x, y = points[:, 0], points[:, 1]
    if datum == "bd09":
        x, y = _inverse(_gcj02_to_bd09, x, y)
    x, y = _inverse(_wgs84_to_gcj02, x, y)
    return np.column_stack([x, y])


def check_datum(datum: str) -> None:
    """ValueError, naming the known ones, for an unknown datum."""
    if datum not in DATUMS:
        raise ValueError(
            _(
                "不认识坐标系“%(datum)s”：请用 wgs84（GPS、天地图）、"
                "gcj02（高德、腾讯）或 bd09（百度）。"
            )
            % {"datum": datum[:20]}
        )


def _inverse(forward: Shift, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    guess_x, guess_y = x, y
    for _round in range(_INVERSE_ROUNDS):
        there_x, there_y = forward(guess_x, guess_y)
        guess_x, guess_y = guess_x + (x - there_x), guess_y + (y - there_y)
    return guess_x, guess_y


def _wgs84_to_gcj02(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lng - 105.0, lat - 35.0
    sine = np.sin(np.radians(lat))
    magic = 1 - _ECCENTRICITY_SQUARED * sine * sine
    meridian = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / (magic * np.sqrt(magic))
    parallel = _SEMI_MAJOR_M / np.sqrt(magic) * np.cos(np.radians(lat))
    in_china = (lng > 72.004) & (lng < 137.8347) & (lat > 0.8293) & (lat < 55.8271)
    return (
        np.where(in_china, lng + np.degrees(_east_m(x, y) / parallel), lng),
        np.where(in_china, lat + np.degrees(_north_m(x, y) / meridian), lat),
    )


def _ripple(value: Floats, weights: tuple[float, float], periods: tuple[float, float]) -> Floats:
    first = weights[0] * np.sin(value * math.pi / periods[0])
    second = weights[1] * np.sin(value * math.pi / periods[1])
    return (first + second) * 2.0 / 3.0


def _east_m(x: Floats, y: Floats) -> Floats:
    smooth = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    short = _ripple(x, (20.0, 20.0), (1 / 6, 1 / 2))
    return (
        smooth
        + short
        + _ripple(x, (20.0, 40.0), (1.0, 3.0))
        + _ripple(x, (150.0, 300.0), (12.0, 30.0))
    )


def _north_m(x: Floats, y: Floats) -> Floats:
    smooth = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    short = _ripple(x, (20.0, 20.0), (1 / 6, 1 / 2))
    return (
        smooth
        + short
        + _ripple(y, (20.0, 40.0), (1.0, 3.0))
        + _ripple(y, (160.0, 320.0), (12.0, 30.0))
    )


def _gcj02_to_bd09(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lng, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lng) + 0.000003 * np.cos(lng * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
