"""Whether every step was taken and told: `manage.py audit_escalations`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.escalation.heartbeat import audit_and_report
from issues.presenter.words import finding_name


class Command(BaseCommand):
    """Says what is wrong, with some issue numbers; exits with 1 when anything is."""

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = audit_and_report(now=timezone.now())
        for finding in found.findings:
            examples = f" ({', '.join(finding.examples)})" if finding.examples else ""
            self.stdout.write(f"{finding_name(finding.code)}: {finding.count}{examples}")
        if not found.well:
            raise CommandError(_("有 %(count)d 处需要处理。") % {"count": found.problems})
        self.stdout.write(_("一切正常。"))
