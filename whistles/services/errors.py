"""A refusal that doors show as it is: a sentence for the reader and facts for a program."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from whistles.workflow import WhistleRule


class ActRefused(Exception):
    """The rule book does not allow the act now; `allowed` are the acts it does allow.

    `why`: the reason in words where the act is the caller's but shut.
    """

    status_code = 409

    def __init__(self, allowed: Sequence[WhistleRule] = (), *, why: str = "") -> None:
        self.allowed = allowed
        self.why = why
        super().__init__(self.sentence())

    def sentence(self) -> str:
        said = self.why or _("现在不能这样做：这个哨的状态或您的岗位不允许。请看还能做什么。")
        return str(said)

    def problem(self) -> dict[str, Any]:
        """Members of problem+json beside title and status."""
        return {
            "code": "refused",
            "detail": self.sentence(),
            "verbs": [str(rule.verb) for rule in self.allowed],
        }
