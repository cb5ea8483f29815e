"""The words of a notice, made when it is read or sent, in the receiver's language."""

import html
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.template.loader import select_template
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from notices.channels.interface import Message
from notices.drafts import Fact
from notices.models import Channel, Notice

LINES = 20
# All that a group may read: no names, no texts.
FOR_GROUPS = ("number", "place")


def address_of(notice: Notice) -> str:
    """Where the subject of a notice can be seen; the list of notices if nowhere."""
    name, _separator, argument = notice.subject_key.partition(":")
    try:
        return reverse(name, args=[argument])
    except NoReverseMatch:
        return reverse("notices")


def link_of(notice: Notice) -> str:
    """The same as a whole address, for receivers outside the product."""
    return str(settings.SITE_URL) + address_of(notice)


def templates_of(notice: Notice) -> tuple[str, str]:
    """The templates that can tell a notice, the most fitting first."""
    return (f"notices/kinds/{notice.kind}.html", "notices/kinds/default.html")


def subject_of(notice: Notice) -> str:
    """Number, category and place, as far as they are known, in the active language."""
    category = "category_zh" if (get_language() or "zh").startswith("zh") else "category_en"
    facts = [notice.payload.get(name) for name in ("number", category, "place")]
    return " · ".join(str(fact) for fact in facts if fact)


def sentence_of(notice: Notice, *, facts: dict[str, Fact] | None = None) -> str:
    """The sentence of a notice's kind without markup, in the active language."""
    context = {"payload": notice.payload if facts is None else facts}
    told = select_template(templates_of(notice)).render(context)
    return " ".join(html.unescape(strip_tags(told)).split())


def message_of(notice: Notice, *, parts: Sequence[Notice] = ()) -> Message:
    """A notice for outside receivers; `parts` are what a bundle speaks for.

    A group reads a sentence, number, place and link, a program all facts. The
    language is the recipient's, for groups the installation's.
    """
    person = notice.recipient
    language = (person.language if person else "") or settings.LANGUAGE_CODE
    with translation.override(language):
        if notice.kind == Notice.BUNDLE:
            title, text, facts = _bundle(parts)
        elif person is None:
            told = _for_many(notice.payload)
            facts = {name: told.get(name) for name in FOR_GROUPS}
            title = sentence_of(notice, facts=facts)
            text = " · ".join(str(fact) for fact in facts.values() if fact)
            if notice.channel == Channel.WEBHOOK:
                # A program reads codes and times too.
                facts = told
        else:
            facts = dict(notice.payload)
            title = sentence_of(notice)
            text = "\n".join(line for line in (title, subject_of(notice)) if line)
        return Message(
            key=notice.key,
            kind=notice.kind,
            title=title,
            text=text,
            link=link_of(notice),
            facts=facts,
            critical=notice.critical,
            created_at=_told_at(notice, parts),
            language=language,
        )


def _for_many(payload: dict[str, Fact]) -> dict[str, Fact]:
    """A payload for groups and programs: the place by its official name, not as typed."""
    told = dict(payload)
    if "where" in told:
        told["place"] = told.pop("where")
    return told


def bundle_title(count: int) -> str:
    """What a bundle of so many notices is called, in the active language."""
    return ngettext("您有 %(count)d 条通知", "您有 %(count)d 条通知", count) % {"count": count}


def _bundle(parts: Sequence[Notice]) -> tuple[str, str, dict[str, Fact]]:
    lines = [
        " · ".join(word for word in (sentence_of(part), subject_of(part)) if word)
        for part in parts[:LINES]
    ]
    if len(parts) > LINES:
        lines.append(_("另有 %(count)d 条，请在系统中查看。") % {"count": len(parts) - LINES})
    return bundle_title(len(parts)), "\n".join(lines), {"count": len(parts)}


def _told_at(notice: Notice, parts: Sequence[Notice]) -> datetime:
    return min([notice.created_at, *(part.created_at for part in parts)])
