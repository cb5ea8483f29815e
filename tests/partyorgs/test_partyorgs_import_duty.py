"""import_duty: a roster from a file, all or nothing, again without harm."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from partyorgs.dutyfile import time_of
from partyorgs.models import Duty
from tests.partyorgs.conftest import Importer
from tests.world import SHANGHAI

pytestmark = pytest.mark.django_db
COLUMNS = "organization_code,date,start,end,username,position,leader"
TOMORROW = (timezone.now().astimezone(SHANGHAI) + timedelta(days=1)).date()
YESTERDAY = TOMORROW - timedelta(days=2)


@pytest.fixture
def import_duty(tmp_path, world):
    return Importer(tmp_path, "import_duty", COLUMNS)


def test_a_roster_goes_in_and_the_same_file_again_changes_nothing(import_duty):
    lines = [
        f"desk-1,{TOMORROW},08:00,20:00,street,,",
        f"desk-1,{TOMORROW:%Y/%m/%d},20:00,8:00,street,2,否",
        f"desk-1,{TOMORROW},08:00,24:00,leader,1,是",
        f"clean,{TOMORROW},18：00,8:00,unit,1,0",
    ]
    assert import_duty(lines), import_duty.failure + import_duty.err
    assert "新增 4，修改 0，未变 0" in import_duty.out
    night = Duty.objects.get(position=2)
    assert night.ends - night.starts == timedelta(hours=12)
    day = datetime.combine(TOMORROW, datetime.min.time(), tzinfo=SHANGHAI)
    assert night.starts == day + timedelta(hours=20)
    leader = Duty.objects.get(leader=True)
    assert leader.ends == day + timedelta(days=1)
    assert import_duty(lines)
    assert "新增 0，修改 0，未变 4" in import_duty.out
    assert import_duty([f"desk-1,{TOMORROW},08:00,18:00,street,,"])
    assert "新增 0，修改 1，未变 0" in import_duty.out


def test_a_dry_run_writes_nothing(import_duty):
    assert import_duty([f"desk-1,{TOMORROW},08:00,20:00,street,,"], dry_run=True)
    assert "新增 1" in import_duty.out
    assert not Duty.objects.exists()


def test_every_wrong_line_is_named_and_nothing_is_written(import_duty):
    assert not import_duty(
        [
            f"desk-1,{TOMORROW},08:00,20:00,street,,",
            f"desk-9,{TOMORROW},08:00,20:00,street,,",
            "desk-1,morgen,8,25:00,street,first,vielleicht",
            f"desk-1,{TOMORROW},20:00,21:00,nemo,,",
            f"desk-1,{TOMORROW},08:00,20:00,street,2,",
            f"desk-1,{TOMORROW},20:00,21:00,worker,,",
            f"desk-1,{TOMORROW},20:00,21:00,street,,1",
        ]
    )
    said = import_duty.err
    for line, words in (
        (3, "organization_code“desk-9”"), (4, "不是日期"), (4, "start 的“8”不是时间"),
        (4, "end 的“25:00”不是时间"), (4, "position“first”"), (4, "leader“vielleicht”"),
        (5, "username“nemo”"), (6, "与第 2 行是同一人"), (7, "不是“青禾街道值守台”的人"),
        (8, "没有能带班的岗位"),
    ):  # fmt: skip
        assert any(f"第 {line} 行" in text and words in text for text in said.splitlines()), words
    assert not Duty.objects.exists()


def test_shifts_that_are_over_are_left_out_and_said(import_duty):
    assert import_duty(
        [
            f"desk-1,{YESTERDAY},08:00,20:00,street,,",
            f"desk-1,{TOMORROW},08:00,20:00,street,,",
        ]
    )
    assert "1 班已经过去" in import_duty.err
    assert Duty.objects.count() == 1


def test_overlaps_within_a_file_are_found(import_duty):
    assert not import_duty(
        [
            f"desk-1,{TOMORROW},08:00,20:00,street,,",
            f"desk-1,{TOMORROW},19:00,22:00,street,,",
        ]
    )
    assert "第 3 行" in import_duty.err


def test_reading_a_file_costs_no_query_a_line(import_duty, django_assert_max_num_queries):
    days = [TOMORROW + timedelta(days=number) for number in range(60)]
    with django_assert_max_num_queries(20):
        assert import_duty([f"desk-1,{day},08:00,20:00,street,," for day in days])
    assert Duty.objects.count() == 60


@pytest.mark.parametrize("words", ["", "8", "25:00", "24:01", "08:60", "8:0", "-1:00", "八点"])
def test_no_time(words):
    assert time_of(words) is None
