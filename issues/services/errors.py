"""Refusals that doors show as they are: a sentence for the reader and facts for a program."""

from typing import Any

from django.utils.translation import gettext as _

from issues.workflow import Rule


class Refused(Exception):
    """The rule book does not allow the verb now; `allowed` are the verbs it does allow.

    `why`: the reason in words where the verb is the caller's but shut.
    """

    status_code = 409
    code = "refused"

    def __init__(self, allowed: list[Rule], *, why: str = "") -> None:
        self.allowed = allowed
        self.why = why
        super().__init__(self.sentence())

    def sentence(self) -> str:
        if self.why:
            return self.why
        return str(_("现在不能这样做：问题的状态或您的岗位不允许。请看还能做什么。"))

    def problem(self) -> dict[str, Any]:
        """Members of problem+json beside title and status."""
        return {
            "code": self.code,
            "detail": self.sentence(),
            "verbs": [str(rule.verb) for rule in self.allowed],
        }


class ChangedMeanwhile(Refused):
    """Somebody else changed the issue after the caller read it."""

    code = "changed_meanwhile"

    def sentence(self) -> str:
        return str(_("别人刚刚改动了这个问题。请看最新情况再决定；您填写的内容还在。"))


class KeyReused(Exception):
    """The same idempotency key came with other content."""

    status_code = 409

    def problem(self) -> dict[str, Any]:
        return {
            "code": "key_reused",
            "detail": str(_("这个提交编号已经用于另一份内容。请换一个编号重新提交。")),
        }


class MayNotReport(Exception):
    """Nobody without a post that reports may report."""

    status_code = 403

    def problem(self) -> dict[str, Any]:
        return {"code": "no_post", "detail": str(_("您现在没有可以上报的岗位，请联系管理员。"))}
