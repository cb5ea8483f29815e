"""E-mail through the server of EMAIL_URL, in plain text."""

import hashlib
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from notices.channels.interface import Message, Result
from notices.models import Target

NOT_CONFIGURED = "django.core.mail.backends.dummy.EmailBackend"


class Email:
    key = "email"
    personal = True

    def check(self, address: str) -> None:
        """Raise ValidationError unless it is one plain address."""
        validate_email(address)

    def send(self, message: Message, address: str, target: Target | None) -> Result:  # noqa: ARG002
        """Hand the message to the mail server. Its answer is told as a number only."""
        self.check(address)
        if settings.EMAIL_BACKEND == NOT_CONFIGURED:
            return Result(False, _("还没有配置邮件服务器，请设置 EMAIL_URL。"), retry=False)
        try:
            _mail(message, address).send()
        except smtplib.SMTPAuthenticationError as refused:
            # Our own password is wrong; with the right one the message may go.
            return _refused(refused.smtp_code, retry=True)
        except smtplib.SMTPResponseException as refused:
            return _refused(refused.smtp_code, retry=refused.smtp_code < 500)
        except smtplib.SMTPRecipientsRefused as refused:
            code = max(code for code, _said in refused.recipients.values())
            return _refused(code, retry=code < 500)
        except OSError as fault:
            return Result(False, _("邮件没有发出（%(name)s）。") % {"name": type(fault).__name__})
        return Result(True)


def _mail(message: Message, address: str) -> EmailMessage:
    """The message with an id made from the key, by which a repeat is known."""
    name = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ")
    text = message.text if message.link in message.text else f"{message.text}\n\n{message.link}"
    return EmailMessage(
        subject=" ".join(message.title.split()),
        body=text,
        to=[address],
        headers={"Message-ID": f"<{name}@{domain}>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )


def _refused(code: int, *, retry: bool) -> Result:
    return Result(False, _("邮件服务器回答 %(code)s，没有收下。") % {"code": code}, retry=retry)
