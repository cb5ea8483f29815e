import logging
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from residents import crypto, services
from residents.models import Contact, Reveal

NOW = timezone.now()
NAME = "金丝雀先生"
PHONE = "13987654321"
CANARIES = (NAME, PHONE, "139 8765 4321", "87654321")

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact() -> Contact:
    return services.create_contact(name=NAME, phone=PHONE, agreed=["callback"], now=NOW)


@pytest.fixture
def clerk() -> User:
    return accounts.create_user(username="clerk.zhou", password=None, now=NOW)


def raw_rows() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM residents_contact")
        return repr(cursor.fetchall())


def reveal(contact: Contact, user: User, **more):
    facts = {"reason": "回访核实地点", "allowed": True, "now": NOW}
    return services.reveal_contact(contact=contact, user=user, **{**facts, **more})


def test_name_and_phone_are_unreadable_in_the_database(contact):
    stored = raw_rows()

    assert not [canary for canary in CANARIES if canary in stored]
    assert crypto.decrypt(contact.phone_encrypted) == PHONE
    assert contact.masked_phone == "139****4321"


def test_the_same_number_is_never_stored_twice_alike(contact):
    again = services.create_contact(phone=PHONE, agreed=["callback"], now=NOW)

    assert again.phone_encrypted != contact.phone_encrypted
    assert again.name_encrypted == ""


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"phone": ""}, "phone"),
        ({"phone": "138"}, "phone"),
        ({"agreed": []}, "agreed"),
        ({"agreed": ["everything"]}, "agreed"),
        ({"name": "很" * 41}, "name"),
        ({"name": "11010519491231002X"}, "name"),
    ],
)
def test_a_wrong_contact_is_refused_by_field(wrong, field):
    facts = {"name": NAME, "phone": PHONE, "agreed": ["callback", "visit"], "now": NOW}

    with pytest.raises(ValidationError) as refusal:
        services.create_contact(**{**facts, **wrong})
    assert list(refusal.value.message_dict) == [field]
    assert not Contact.objects.exists()


def test_what_was_agreed_to_is_kept_in_one_order():
    contact = services.create_contact(phone=PHONE, agreed=["visit", "progress"], now=NOW)

    assert contact.agreed == ["progress", "visit"]
    assert contact.agreed_words == ["告知进展", "上门"]


def test_a_reveal_gives_the_number_and_writes_down_who_when_and_why(contact, clerk):
    plain = reveal(contact, clerk)

    assert (plain.name, plain.phone) == (NAME, PHONE)
    record = Reveal.objects.get()
    assert (record.contact, record.user, record.reason, record.at) == (
        contact,
        clerk,
        "回访核实地点",
        NOW,
    )


@pytest.mark.parametrize("reason", ["", "  ", "看", "x" * 201, f"打{PHONE}", "11010519491231002X"])
def test_a_reveal_without_a_fit_reason_is_refused(contact, clerk, reason):
    with pytest.raises(ValidationError) as refusal:
        reveal(contact, clerk, reason=reason)
    assert list(refusal.value.message_dict) == ["reason"]
    assert not Reveal.objects.exists()


def test_a_reveal_is_denied_to_whom_the_rule_denies_it(contact, clerk):
    with pytest.raises(PermissionDenied):
        reveal(contact, clerk, allowed=False)
    assert not Reveal.objects.exists()


def test_erasing_leaves_a_row_without_data_and_a_count_by_rule(contact, clerk):
    reveal(contact, clerk)
    kept = services.create_contact(phone="13811112222", agreed=["visit"], now=NOW)
    due = Contact.objects.filter(pk=contact.pk)

    done = services.erase_contacts(contacts=due, rule="30 days after closing", now=NOW)

    assert (done.rule, done.contacts) == ("30 days after closing", 1)
    contact.refresh_from_db()
    assert (contact.name_encrypted, contact.phone_encrypted, contact.agreed) == ("", "", [])
    assert contact.erased_at == NOW
    assert contact.masked_phone == "已清除"
    assert kept.masked_phone == "138****2222"
    assert Reveal.objects.count() == 1
    with pytest.raises(ValidationError, match="已按规定清除"):
        reveal(contact, clerk)


def test_erasing_twice_counts_once(contact):
    due = Contact.objects.all()
    services.erase_contacts(contacts=due, rule="30 days", now=NOW)

    again = services.erase_contacts(contacts=due, rule="30 days", now=NOW + timedelta(days=1))

    assert again.contacts == 0
    contact.refresh_from_db()
    assert contact.erased_at == NOW


@pytest.mark.parametrize("wrong", [{"phone_encrypted": ""}, {"erased_at": NOW}])
def test_the_database_knows_no_half_erased_contact(contact, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=contact.pk).update(**wrong)


def test_keys_rotate_without_losing_a_contact(contact, settings):
    old = settings.CONTACT_KEY
    settings.CONTACT_KEY = f"a new and long enough key,{old}"
    assert contact.masked_phone == "139****4321"

    call_command("rotate_contact_key")

    settings.CONTACT_KEY = "a new and long enough key"
    contact.refresh_from_db()
    assert contact.masked_phone == "139****4321"
    assert crypto.decrypt(contact.name_encrypted) == NAME


def test_a_lost_key_is_told_without_an_accident(contact, clerk, settings):
    settings.CONTACT_KEY = "quite another key"

    assert contact.masked_phone == "无法读取"
    with pytest.raises(crypto.UnreadableError), transaction.atomic():
        reveal(contact, clerk)
    with pytest.raises(CommandError, match="CONTACT_KEY"):
        call_command("rotate_contact_key")


def test_a_value_from_elsewhere_is_not_taken_for_ours():
    foreign = Fernet(Fernet.generate_key()).encrypt(b"13800000000").decode()

    with pytest.raises(crypto.UnreadableError):
        crypto.decrypt(foreign)


def test_planted_canaries_appear_in_no_repr_log_or_error(contact, clerk, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    fresh = Contact.objects.get(pk=contact.pk)
    plain = reveal(fresh, clerk)
    said = [
        repr(fresh),
        str(fresh),
        repr(plain),
        str(plain),
        f"{[fresh]}",
        f"{Reveal.objects.get()!r}",
    ]
    for wrong in ({"phone": f"{PHONE}99"}, {"agreed": []}):
        with pytest.raises(ValidationError) as refusal:
            services.create_contact(
                **{"name": NAME, "phone": PHONE, "agreed": ["visit"], "now": NOW, **wrong}
            )
        said.append(repr(refusal.value))
    logging.getLogger("residents").warning("%r %s", fresh, plain)
    output = capsys.readouterr()

    everything = "".join([*said, caplog.text, output.out, output.err])
    assert not [canary for canary in CANARIES if canary in everything]


def test_contacts_have_no_page_in_the_admin_and_reveals_are_read_only(contact, clerk, admin_client):
    reveal(contact, clerk)
    record = Reveal.objects.get()
    where = f"/admin/residents/reveal/{record.pk}"

    assert not admin.site.is_registered(Contact)
    assert admin_client.get("/admin/residents/contact/").status_code == 404
    pages = [admin_client.get("/admin/residents/reveal/"), admin_client.get(f"{where}/change/")]
    for page in pages:
        assert page.status_code == 200
        assert "回访核实地点" in page.content.decode()
        assert not [canary for canary in CANARIES if canary in page.content.decode()]
    assert admin_client.post(f"{where}/change/", {"reason": "别的"}).status_code == 403
    assert admin_client.get(f"{where}/delete/").status_code == 403
    assert admin_client.get("/admin/residents/reveal/add/").status_code == 403
