"""WGS-84 and the shifted datums."""

import math
import random

import pytest

from grid.datum import from_wgs84, to_wgs84


def in_china(seed: int) -> list[tuple[float, float]]:
    dice = random.Random(seed)
    return [(dice.uniform(18, 53), dice.uniform(74, 134)) for _n in range(300)]


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_there_and_back_again_is_the_same_point(datum):
    for lat, lng in in_china(1):
        there = from_wgs84(lat, lng, datum)
        assert to_wgs84(*there, datum) == pytest.approx((lat, lng), abs=1e-9)


def test_the_shift_in_hangzhou_is_as_published():
    lat, lng = from_wgs84(30.28, 120.15, "gcj02")
    assert (lat, lng) == pytest.approx((30.2776807, 120.1547095), abs=1e-7)
    east = (lng - 120.15) * 111_195 * math.cos(math.radians(30.28))
    south = (30.28 - lat) * 111_195
    assert (round(east), round(south)) == (452, 258)


def test_outside_china_there_is_no_shift():
    assert to_wgs84(41.88, -87.63, "gcj02") == (41.88, -87.63)


def test_wgs84_is_left_alone():
    assert to_wgs84(30.123456789, 120.1, "wgs84") == (30.123456789, 120.1)


@pytest.mark.parametrize("convert", [to_wgs84, from_wgs84])
def test_an_unknown_datum_is_refused_with_the_known_ones(convert):
    with pytest.raises(ValueError, match="wgs84.*gcj02.*bd09"):
        convert(30, 120, "xian80")
