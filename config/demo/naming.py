"""Names that sound right and belong to nobody: places, bodies, people."""

from collections.abc import Iterator
from random import Random

DISTRICT = ("990101", "青禾区")
STREETS = (
    "青禾", "柳桥", "望江", "春晖", "文澜", "南塘", "西园", "东湖", "书院", "梧桐",
    "永安", "北港", "映月", "临河", "长乐", "新安", "锦城", "泰和", "明德", "清波",
)  # fmt: skip
TOWNS = ("稻香", "沙浦", "石桥", "云溪", "海塘", "新圩", "荷塘", "竹林", "枫泾口", "盐仓")
FIRST = "青春文锦清映望临和安永长新明德泰福荣景翠碧金银玉兰梅竹荷桂枫杏桃云月星海江河湖溪泉"
SECOND = "禾晖澜绣波月江河平宁安乐华光馨康源园苑林庭台堂桥塘浦湾港岸滨洲汀泽渡里坊巷亭阁"
COMPOUND_ENDINGS = ("花园", "新村", "家园", "小区", "雅苑", "公寓", "名邸", "里弄", "华庭", "佳苑")
VILLAGE_ENDINGS = ("自然村", "村民小组", "新居点")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余"
GIVEN = (
    "建国", "志强", "秀英", "丽华", "晓燕", "海涛", "文静", "俊杰", "雪梅", "立新",
    "小芳", "国庆", "春梅", "永康", "美玲", "思远", "佳怡", "浩然", "子涵", "婉清",
    "明辉", "月华", "金凤", "学军", "爱民", "卫东", "桂兰", "振宇", "若兰", "天佑",
)  # fmt: skip
NUMERALS = "零一二三四五六七八九"
SPECIAL_PLACES = (
    "第{n}小学", "实验中学", "幼儿园", "人民医院", "社区卫生服务中心", "中心公园", "体育公园",
    "农贸市场", "小商品市场", "科技产业园", "物流园", "汽车客运站", "轨道换乘站", "购物广场",
    "步行街", "政务服务中心",
)  # fmt: skip


def numeral(number: int) -> str:
    """Chinese numerals up to 99: 1 → 一, 12 → 十二, 20 → 二十."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")


def pairs(rng: Random) -> Iterator[str]:
    """Two-character names in random order; none comes twice among the first thousand."""
    taken = {*STREETS, *TOWNS}
    names = [a + b for a in FIRST for b in SECOND if a != b and a + b not in taken]
    while True:
        rng.shuffle(names)
        yield from names


def person(rng: Random) -> str:
    """A made-up name of two or three characters."""
    given = rng.choice(GIVEN)
    return rng.choice(SURNAMES) + (given if rng.random() < 0.85 else given[-1])


def phone(number: int) -> str:
    """A work phone that nobody can have: area code 0000."""
    return f"0000-555{number:05d}"
