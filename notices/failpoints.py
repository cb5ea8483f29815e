"""Named places where a test may kill the process, to see what survives.

`GEZHI_FAILPOINT` names them, comma apart: `name` kills at once, `name:0.1` once in
ten times, `name@3` at the third time. Never in production.
"""

import os
import random
import signal
from collections import Counter

from django.conf import settings

_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Kill this process with SIGKILL if GEZHI_FAILPOINT says so; else nothing happens."""
    armed = os.environ.get("GEZHI_FAILPOINT", "")
    if not armed or settings.MODE == "production":
        return
    _reached[name] += 1
    if any(_strikes(rule.strip(), name) for rule in armed.split(",")):
        os.kill(os.getpid(), signal.SIGKILL)


def _strikes(rule: str, name: str) -> bool:
    place, _at, time = rule.partition("@")
    if time:
        return place == name and _reached[name] == int(time)
    place, _colon, chance = rule.partition(":")
    return place == name and (not chance or random.random() < float(chance))  # noqa: S311
