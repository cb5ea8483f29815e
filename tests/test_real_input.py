"""The main job on real input: a real district's divisions, a real city's polygons.

Reads the folder that GEZHI_REAL_DATA names: areas_*.csv and one *.geojson of
polygons with a `name`. conftest.py does not collect this file when it is not set.
"""

import csv
import json
import os
import random
import time
from pathlib import Path

import pytest
import shapely
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import issue_token
from grid.models import Area, Cell
from issues.models import Issue
from matters.models import Category
from tests import world as w

FOLDER = os.environ.get("GEZHI_REAL_DATA", "")
REPORTS = 50


def write(path, columns, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return str(path)


def shapes_of(path):
    features = json.loads(Path(path).read_text())["features"]
    return [shapely.make_valid(shapely.from_geojson(json.dumps(f["geometry"]))) for f in features]


def points_in(shapes, count):
    dice = random.Random(11)
    while count:
        shape = dice.choice(shapes)
        west, south, east, north = shape.bounds
        point = shapely.Point(dice.uniform(west, east), dice.uniform(south, north))
        if shape.covers(point):
            yield point
            count -= 1


def client_of(username):
    token = issue_token(user=User.objects.get(username=username), now=w.NOW)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def staffed(folder, community, cells):
    """Owners, the whole responsibility list, and people, through the import commands."""
    district = community.code[:6]
    since = "2025-01-01"
    owners = [(cell.code, f"b-{cell.code}", f"{cell.name}党支部", since) for cell in cells]
    call_command(
        "import_owners",
        write(folder / "owners.csv", ["cell_code", "branch_code", "branch_name", "from"], owners),
    )
    leaves = Category.objects.filter(level=2, active=True)
    items = [
        (leaf.code, district, "district", f"u-{number % 7}", f"第{number % 7}责任单位", "", "")
        for number, leaf in enumerate(leaves)
    ]
    call_command(
        "import_responsibilities",
        write(
            folder / "items.csv",
            [
                "category_code",
                "area_code",
                "level",
                "unit_code",
                "unit_name",
                "supervisor_code",
                "basis",
            ],
            items,
        ),
    )
    people = [("walker", "巡查", "grid_worker", "", cells[0].code, "", since, "")]
    people += [(f"desk-{n}", "值守", "unit_desk", f"u-{n}", "", "", since, "") for n in range(7)]
    people += [
        (f"head-{cell.code}", "书记", "branch_secretary", f"b-{cell.code}", "", "", since, "")
        for cell in cells
    ]
    people += [("over", "区台", "district_desk", "", "", district, since, "")]
    call_command("import_posts", write(
        folder / "posts.csv",
        ["username", "name", "role", "organization_code", "cell_code", "area_code", "from",
         "until"], people))  # fmt: skip


@pytest.mark.slow
@pytest.mark.django_db
def test_fifty_reports_at_real_points_find_their_cell_and_unit(world, tmp_path, capsys):
    folder = Path(FOLDER)
    divisions, polygons = min(folder.glob("areas_*.csv")), min(folder.glob("*.geojson"))
    for _again in range(2):
        call_command("import_areas", str(divisions))
    community = Area.objects.filter(level="community", code__startswith=divisions.stem[-6:]).first()
    began = time.perf_counter()
    call_command("import_cells", str(polygons), name_field="name", number=True,
                 community=community.code, valid_from="2025-01-01")  # fmt: skip
    imported = time.perf_counter() - began
    cells = list(Cell.objects.filter(community=community).order_by("code"))
    staffed(tmp_path, community, cells)
    shapes = {cell.code: shapely.from_wkb(bytes(cell.shape)) for cell in cells}
    walker, numbers = client_of("walker"), []
    for point in points_in(list(shapes.values()), REPORTS):
        body = {"category": "E0102", "description": "垃圾满溢", "lat": point.y, "lng": point.x}
        answer = walker.post("/api/v1/issues/", body, format="json")
        assert answer.status_code == 201, answer.json()
        covering = [code for code, shape in sorted(shapes.items()) if shape.covers(point)]
        assert answer.json()["cell"]["code"] == covering[0]
        assert answer.json()["owner"]["code"] == f"b-{covering[0]}"
        assert answer.json()["state"] == "dispatched"
        assert len(answer.json()["dispatch_reasons"]) == 3
        numbers.append(answer.json()["number"])
    walk(numbers[0])
    with capsys.disabled():
        print(f"\n{len(cells)} cells in {imported:.1f} s, {len(numbers)} reports, one closed")


def walk(number):
    """One of them to closed, by four people over the API."""
    issue = Issue.objects.select_related("owner", "unit").get(number=number)
    unit, branch = (
        client_of(f"desk-{issue.unit.code[2:]}"),
        client_of(f"head-{issue.owner.code[2:]}"),
    )
    for client, verb, body in (
        (unit, "sign", {}),
        (unit, "handle", {"outcome": "fixed", "note": "已清运。"}),
        (client_of("walker"), "check", {"passed": True}),
        (branch, "close", {}),
    ):
        answer = client.post(f"/api/v1/issues/{number}/{verb}/", body, format="json")
        assert answer.status_code == 200, answer.json()
    assert answer.json()["state"] == "closed"
    assert call_command("verify_audit") is None
