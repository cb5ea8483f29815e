"""How people write places: one spelling for "三栋", "3幢", "3#" and "3 号楼"."""

import re
import unicodedata

MAX_WORDS = 60
MIN_NAME = 2

_NOISE = re.compile(r"[\s·,，。、;；:：()（）\[\]【】\"'“”]+")
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
_CHINESE_NUMBER = re.compile(r"[零一二三四五六七八九十]{1,3}(?=号楼|栋|幢|#|单元|室|层)")
_BUILDING = re.compile(r"(?<=[0-9])(?:号楼|栋|幢|#楼|#)")
_BUILDING_UNIT_ROOM = re.compile(r"([0-9]+)-[0-9]+(?:-[0-9]+)?\Z")
_UNIT_AND_BEYOND = re.compile(r"(?<=号楼).+\Z|-?[0-9]+(?:单元|层|室|房).*\Z")
_BUILDING_AND_BEYOND = re.compile(r"[0-9]+号楼.*\Z")


def spell(words: str) -> str:
    """One spelling for searching: no spaces, no punctuation, digits for Chinese numbers."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", words[:MAX_WORDS]).casefold())
    return _BUILDING.sub("号楼", _CHINESE_NUMBER.sub(_as_digits, plain))


def _as_digits(match: re.Match[str]) -> str:
    tens, ten, ones = match[0].rpartition("十")
    if not ten:
        return "".join(str(_DIGITS[digit]) for digit in match[0])
    if any(digit not in _DIGITS for digit in tens + ones):
        return match[0]
    return str((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))


def spellings(words: str) -> list[str]:
    """What to look for, best first: as said, without unit and room, without the building."""
    said = spell(words)
    building = _UNIT_AND_BEYOND.sub("", _BUILDING_UNIT_ROOM.sub(r"\1号楼", said))
    compound = _BUILDING_AND_BEYOND.sub("", building)
    return [word for word in dict.fromkeys((said, building, compound)) if word]


def beginnings(words: str) -> list[str]:
    """The first two, three, … characters of the words: one of them may be a whole name."""
    said = spell(words)
    return [said[:size] for size in range(len(said), MIN_NAME - 1, -1)]


def search_text(names: list[str]) -> str:
    """What `Place.search` holds: each spelling on a line, with a line break on both sides."""
    lines = dict.fromkeys(spelled for name in names if (spelled := spell(name)))
    return "\n" + "".join(f"{line}\n" for line in lines)


def is_part(spelling: str, search: str) -> bool:
    """Whether the spelling stands in a `Place.search`; "3号楼" is no part of "13号楼"."""
    guard = r"(?<![0-9])" if spelling[:1].isdigit() else ""
    return re.search(guard + re.escape(spelling), search) is not None
