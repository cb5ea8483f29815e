"""Whether every timeline is as it was written: `manage.py verify_audit`."""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from issues.chain import Fault, faults
from issues.models import Event, Issue

CHUNK = 500
PROGRESS = 10_000


class Command(BaseCommand):
    """Reads every issue's events in order; exits with 1 when a row was changed or is gone."""

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Say what is wrong by issue number, then how many were read, and their anchor.

        The anchor is a digest over all numbers and last hashes: kept outside
        the database, it shows at the next run whether whole issues are gone.
        """
        anchor = hashlib.sha256()
        read = wrong = 0
        for issue, found in self._issues():
            anchor.update(f"{issue.number} {issue.last_hash}\n".encode())
            wrong += bool(found)
            for seq, fault in found:
                self.stdout.write(f"{issue.number} #{seq}: {_words(fault)}")
            read += 1
            if read % PROGRESS == 0:
                self.stderr.write(_("已核对 %(count)d 个问题……") % {"count": read})
        self.stdout.write(
            _("核对了 %(count)d 个问题，%(wrong)d 个有异常。锚点：%(anchor)s")
            % {"count": read, "wrong": wrong, "anchor": anchor.hexdigest()}
        )
        if wrong:
            raise CommandError(
                _("办理记录与写入时不一致。请保留现场，核对数据库备份和访问日志。"), returncode=1
            )

    def _issues(self) -> Iterator[tuple[Issue, list[tuple[int, Fault]]]]:
        last = 0
        while chunk := list(_issues_after(last)):
            last = chunk[-1].pk
            events = {
                key: list(group)
                for key, group in groupby(_events_of(chunk), key=lambda event: event.issue_id)
            }
            for issue in chunk:
                found = list(faults(issue, events.get(issue.pk, [])))
                yield issue, _once_more(issue) if found else []


def _issues_after(key: int) -> list[Issue]:
    slim = Issue.objects.order_by("pk").only("number", "event_count", "last_hash")
    return list(slim.filter(pk__gt=key)[:CHUNK])


def _events_of(issues: list[Issue]) -> Iterator[Event]:
    events = Event.objects.filter(issue__in=issues).select_related("text")
    return events.order_by("issue_id", "seq").iterator(chunk_size=2000)


@transaction.atomic
def _once_more(issue: Issue) -> list[tuple[int, Fault]]:
    """Under the row lock: a verb may have come between reading the issue and its events."""
    locked = Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    return list(faults(locked, _events_of([locked])))


def _words(fault: Fault) -> str:
    return {
        Fault.MISSING: _("这一条不见了"),
        Fault.CHANGED: _("内容被改动"),
        Fault.BROKEN: _("与前一条接不上"),
        Fault.TEXT_CHANGED: _("说明文字被改动或不见了"),
        Fault.CUT_OFF: _("末尾与问题单的记数不符，后面的记录被删去或追加"),
    }[fault]
