"""Reads a GeoJSON FeatureCollection, and knows on which line each feature begins."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from grid.csvfile import read_text
from grid.importing import FileError, Report

# CGCS2000 (4490) is the national datum; it and WGS-84 differ by centimetres.
DEGREES_CRS = re.compile(r"(CRS:?84|EPSG:+(?:[0-9.]*:)?(?:4326|4490|4979))\Z", re.IGNORECASE)
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True)
class Feature:
    """The feature that is `number` in the file, counted from 1, and begins on `line`."""

    number: int
    line: int
    properties: dict[str, Any]
    geometry: Any

    def text(self, name: str) -> str:
        """The property as text, "" when it is absent; 15-digit codes are often numbers."""
        value = self.properties.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return "" if value is None else str(value).strip()


def read_features(path: str, report: Report) -> list[Feature]:
    """The features of the file; FileError when it is no FeatureCollection in degrees."""
    text = read_text(path, report)
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise FileError(_("文件嵌套太深，不是 GeoJSON。")) from error
    except ValueError as error:
        raise FileError(
            _("文件不是完整的 JSON：%(reason)s。请重新导出 GeoJSON。") % {"reason": str(error)}
        ) from error
    members = data.get("features") if isinstance(data, dict) else None
    if not isinstance(members, list) or data.get("type") != "FeatureCollection":
        raise FileError(_("文件要是 GeoJSON 的 FeatureCollection。"))
    _check_crs(data)
    if not members:
        raise FileError(_("文件里没有任何要素（features 是空的）。"))
    lines = _feature_lines(text, len(members))
    return [
        _feature(number, line, member)
        for number, (line, member) in enumerate(zip(lines, members, strict=True), 1)
    ]


def _feature(number: int, line: int, member: object) -> Feature:
    if not isinstance(member, dict) or member.get("type") != "Feature":
        place = {"line": line, "number": number}
        raise FileError(_("第 %(line)d 行，第 %(number)d 个要素不是 Feature。") % place)
    properties = member.get("properties")
    if not isinstance(properties, dict):
        properties = {}
    return Feature(number, line, properties, member.get("geometry"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_crs(data: dict[str, Any]) -> None:
    crs = data.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if name and not DEGREES_CRS.search(name):
        raise FileError(
            _("文件的坐标参考系是 %(name)s：请先转成经纬度（EPSG:4326 或 EPSG:4490）。")
            % {"name": name[:80]}
        )


def _feature_lines(text: str, count: int) -> list[int]:
    """The line on which each feature begins; 0s when the text hides them from us."""
    decoder = json.JSONDecoder()
    start = _FEATURES.search(text)
    lines: list[int] = []
    position, line = (start.end() if start else len(text)), 1
    counted = 0
    while (position := _skip(text, position)) < len(text) and text[position] != "]":
        line += text.count("\n", counted, position)
        counted = position
        lines.append(line)
        try:
            _value, position = decoder.raw_decode(text, position)
        except ValueError:
            break
    return lines if len(lines) == count else [0] * count


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return match.end() if match else position
