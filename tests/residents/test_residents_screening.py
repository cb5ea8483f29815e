import random
import time
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from residents.phones import mask_phone, normal_phone
from residents.screening import CHECK_CHARACTERS, WEIGHTS, find_phones, refuse_id_numbers

# Made up: the region code 990101 is assigned to no place.
STEM = "99010119900307123"


def with_check(stem: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(stem, WEIGHTS, strict=True))
    return stem + CHECK_CHARACTERS[total % 11]


VALID = with_check(STEM)
VALID_X = next(
    number
    for number in (with_check(f"99010119900307{n:03}") for n in range(1000))
    if number.endswith("X")
)
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def test_the_check_character_is_that_of_the_standard():
    assert with_check("11010519491231002") == "11010519491231002X"


@pytest.mark.parametrize("number", [VALID, VALID_X, VALID_X.lower()])
@pytest.mark.parametrize(
    "written",
    [
        "{}",
        "身份证{}，请联系",
        "号码：{}。",
        "电话13812345678 {}",
        "{}电话13812345678",
        "13812345678{}",
    ],
)
def test_an_id_number_is_refused_wherever_it_stands(number, written):
    with pytest.raises(ValidationError) as refusal:
        refuse_id_numbers(written.format(number))
    assert number not in str(refusal.value)


@pytest.mark.parametrize(
    "written",
    [
        f"{VALID[:6]} {VALID[6:14]} {VALID[14:]}",
        " ".join(VALID),
        "-".join([VALID[:6], VALID[6:14], VALID[14:]]),
        VALID.translate(FULL_WIDTH),
        VALID_X.translate(FULL_WIDTH),
        "　".join(VALID.translate(FULL_WIDTH)),
        "\u200b".join(VALID),
        f"{VALID[:10]}\n{VALID[10:]}",
    ],
)
def test_spaces_and_full_width_digits_do_not_hide_it(written):
    with pytest.raises(ValidationError):
        refuse_id_numbers(written)


@pytest.mark.parametrize(
    "harmless",
    [
        "",
        "3号楼2单元井盖破损",
        VALID[:-1] + ("1" if VALID[-1] != "1" else "2"),
        "990101199013071234",
        "QH-261121-7K3M9",
        "网格 990101001001003，微网格 99010100100100301",
        "2026-11-21 09:30 至 2026-11-22 18:00",
        "路灯 1、2、3、4、5、6、7、8、9、10、11、12、13 不亮",
        "116.397428, 39.909230",
    ],
)
def test_other_numbers_are_let_through(harmless):
    refuse_id_numbers(harmless)


def test_random_id_numbers_with_random_gaps_are_all_found():
    dice = random.Random(7)
    for _round in range(500):
        born = date(1930, 1, 1) + timedelta(days=dice.randrange(32000))
        number = with_check(
            f"{dice.randrange(100000, 999999)}{born:%Y%m%d}{dice.randrange(1000):03}"
        )
        spaced = "".join(digit + dice.choice(["", "", " ", "-", "　"]) for digit in number)
        with pytest.raises(ValidationError):
            refuse_id_numbers(f"他是{spaced}号")


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1 " * 50_000, "1" + "   " * 50_000, "86" * 50_000]
)
def test_long_texts_are_read_in_proportion_to_their_length(text):
    started = time.perf_counter()
    refuse_id_numbers(text)
    find_phones(text)
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("请打13812345678", ["13812345678"]),
        ("请打 138 1234 5678 找我", ["13812345678"]),
        ("138-1234-5678", ["13812345678"]),
        ("+86 13812345678", ["13812345678"]),
        ("+8613812345678", ["13812345678"]),
        ("0086-138-1234-5678", ["13812345678"]),
        ("１３８１２３４５６７８", ["13812345678"]),
        ("座机021-62345678", ["021-62345678"]),
        ("(021) 6234 5678", ["021-62345678"]),
        ("+86 21 62345678", ["021-62345678"]),
        ("05731234567 或 0573-2234567", ["0573-2234567"]),
        ("13812345678、13912345678、13812345678", ["13812345678", "13912345678"]),
        ("座机021-62345678，手机13812345678", ["021-62345678", "13812345678"]),
        ("报警打110，热线12345", []),
        ("网格 990101001001003", []),
        (VALID, []),
        ("116.13812345678", []),
        ("12812345678", []),
        ("138123456789", []),
        ("3号楼2单元", []),
    ],
)
def test_phone_numbers_are_found_in_every_usual_writing(text, numbers):
    assert find_phones(text) == numbers


@pytest.mark.parametrize(
    ("typed", "stored", "masked"),
    [
        (" 138 1234 5678 ", "13812345678", "138****5678"),
        ("+86-138-1234-5678", "13812345678", "138****5678"),
        ("１３８１２３４５６７８", "13812345678", "138****5678"),
        ("021-62345678", "021-62345678", "021-****5678"),
        ("(0573) 2234567", "0573-2234567", "0573-****4567"),
        ("+86 21 62345678", "021-62345678", "021-****5678"),
        ("62345678", "62345678", "****5678"),
        ("6234567", "6234567", "****4567"),
    ],
)
def test_a_phone_is_stored_in_one_way_and_shown_masked(typed, stored, masked):
    assert normal_phone(typed) == stored
    assert mask_phone(stored) == masked


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "110",
        "1381234567",
        "138123456789",
        "13812345678 张三",
        "12 13812345678",
        "1" * 99,
    ],
)
def test_what_is_no_phone_is_refused_without_repeating_it(typed):
    with pytest.raises(ValidationError) as refusal:
        normal_phone(typed)
    assert not typed or typed not in str(refusal.value)
