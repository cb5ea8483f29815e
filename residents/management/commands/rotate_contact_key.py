"""manage.py rotate_contact_key: contact data under the first key of CONTACT_KEY."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from residents import services
from residents.crypto import UnreadableError


class Command(BaseCommand):
    help = _("用 CONTACT_KEY 中的第一个密钥重新加密全部联系方式。")

    def handle(self, **_options: object) -> None:
        """All or nothing; afterwards the older keys may be taken out of CONTACT_KEY."""
        try:
            count = services.rotate_contacts()
        except UnreadableError:
            raise CommandError(
                _("有联系方式无法用现有密钥打开，未作任何改动。请把旧密钥加回 CONTACT_KEY 后再试。")
            ) from None
        done = _("已重新加密 %(count)s 条联系方式，可以移除旧密钥。") % {"count": count}
        self.stdout.write(self.style.SUCCESS(done))
