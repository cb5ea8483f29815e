"""Real divisions and a real city's polygons, from the folder that GEZHI_REAL_DATA names.

Those files are not ours to keep; without the variable this module is not
collected.
"""

import json
import os
import random
from io import StringIO
from pathlib import Path

import pytest
import shapely
from django.core.management import call_command
from shapely.geometry import shape

from grid.models import Area, Cell
from grid.queries import cell_at

pytestmark = pytest.mark.django_db
FOLDER = Path(os.environ["GEZHI_REAL_DATA"])
COMMUNITY = "310104003001"


def run(command: str, name: str, *options: str) -> str:
    out = StringIO()
    call_command(command, str(FOLDER / name), *options, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "streets", "communities"), [("310104", 14, 313), ("330482", 9, 136)]
)
def test_the_divisions_of_a_district_are_imported(name, streets, communities):
    total = 1 + streets + communities
    assert f"新增 {total}，" in run("import_areas", f"areas_{name}.csv")
    assert f"未变 {total}。" in run("import_areas", f"areas_{name}.csv")
    below = Area.objects.filter(code__startswith=name)
    assert below.filter(level="street").count() == streets
    assert below.filter(level="community").count() == communities


def test_the_polygons_of_a_city_are_imported_and_points_found_as_by_brute_force():
    run("import_areas", "areas_310104.csv")
    options = ("--number", "--community", COMMUNITY)
    said = run("import_cells", "chicago_neighborhoods.geojson", *options)
    assert "新增 98" in said
    assert said.count("已修复") == 4
    assert "未变 98" in run("import_cells", "chicago_neighborhoods.geojson", *options)
    data = json.loads((FOLDER / "chicago_neighborhoods.geojson").read_text(encoding="utf-8"))
    raw = {
        feature["properties"]["name"]: shapely.make_valid(shape(feature["geometry"]))
        for feature in data["features"]
    }
    west, south, east, north = shapely.total_bounds(list(raw.values()))
    dice = random.Random(2)
    for _n in range(500):
        lat, lng = dice.uniform(south, north), dice.uniform(west, east)
        cell = cell_at(lat=lat, lng=lng).cell
        names = {name for name, area in raw.items() if area.intersects(shapely.Point(lng, lat))}
        assert ({cell.name} if cell else set()) <= names or len(names) > 1
        assert (cell is None) == (not names)
    assert Cell.objects.filter(community__code=COMMUNITY).count() == 98
