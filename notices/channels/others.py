"""Other services, by the URL that Apprise has for them: those an office can run itself.

Only the plugins named here are loaded. A service that is missing is one more line.
"""

from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins import bark, gotify, mattermost, ntfy
from apprise.plugins.base import NotifyBase
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notices.channels import hosts
from notices.channels.desk import Desk, deliver
from notices.channels.interface import Message, Result
from notices.models import Target

for _module in (bark, gotify, mattermost, ntfy):
    vars(_module)["requests"] = Desk()

PLUGINS: dict[str, type[NotifyBase]] = {
    "bark": bark.NotifyBark,
    "barks": bark.NotifyBark,
    "gotify": gotify.NotifyGotify,
    "gotifys": gotify.NotifyGotify,
    "mmost": mattermost.NotifyMattermost,
    "mmosts": mattermost.NotifyMattermost,
    "ntfy": ntfy.NotifyNtfy,
    "ntfys": ntfy.NotifyNtfy,
}
# Options of an Apprise URL that wait and send again: that is the outbox's work.
NOT_THEIRS = ("retry", "wait")


class Other:
    key = "apprise"
    personal = False

    def check(self, address: str) -> None:
        """Raise ValidationError unless Apprise can send there, to one place on an allowed host."""
        plugin = _plugin(address)
        hosts.check_url(_url(plugin))

    def send(self, message: Message, address: str, target: Target | None) -> Result:  # noqa: ARG002
        """Tell the group number, place and link."""
        return deliver(_plugin(address), message)


def _plugin(address: str) -> NotifyBase:
    plugin = PLUGINS.get(address.partition("://")[0].lower())
    if plugin is None:
        known = ", ".join(f"{name}://" for name in PLUGINS)
        raise ValidationError(_("请以这些开头填写地址：%(known)s") % {"known": known})
    parsed = plugin.parse_url(address) or {}
    try:
        made = plugin(**{name: value for name, value in parsed.items() if name not in NOT_THEIRS})
    except (AppriseImproperlyConfigured, TypeError):
        raise ValidationError(_("地址不完整，请按 Apprise 的写法填写。")) from None
    if len(made) != 1:
        # After half a success a repeat would tell some of them twice.
        raise ValidationError(_("一个地址只发给一处，请分别新建。"))
    return made


def _url(plugin: NotifyBase) -> str:
    """Where the plugin will call, as far as its address tells."""
    if getattr(plugin, "mode", "") == ntfy.NtfyMode.CLOUD:
        return ntfy.NotifyNtfy.cloud_notify_url
    port = f":{plugin.port}" if plugin.port else ""
    return f"{'https' if plugin.secure else 'http'}://{plugin.host}{port}/"
