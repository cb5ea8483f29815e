"""Matters in the admin: words, limits and the switch change; codes and rows stay."""

import pytest
from django.urls import reverse

from matters.models import Category, CategoryCondition, Condition, LimitTemplate, StageLimit
from tests import world as w
from tests.callers import person

MODELS = [Category, LimitTemplate, StageLimit]


@pytest.fixture
def boss(world):
    return person("admin")


def page(what, model, *arguments):
    return reverse(f"admin:matters_{model._meta.model_name}_{what}", args=arguments)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_or_deleted_by_hand(boss, model):
    row = model.objects.last()
    assert boss.get(page("changelist", model)).status_code == 200
    assert boss.get(page("change", model, row.pk)).status_code == 200
    assert boss.get(page("add", model)).status_code == 403
    assert boss.post(page("delete", model, row.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    boss.post(page("changelist", model), chosen)
    assert model.objects.filter(pk=row.pk).exists()


def rows_of(boss, address):
    """The rows of the page's only table, as the browser would send them back."""
    formset = boss.get(address).context["inline_admin_formsets"][0].formset
    typed = {f"{formset.prefix}-{n}_FORMS": len(formset.forms) for n in ("TOTAL", "INITIAL")}
    for form in formset.forms:
        typed |= {form.add_prefix(name): form[name].value() for name in form.fields}
        typed[form.add_prefix("DELETE")] = "on"
    return {name: value for name, value in typed.items() if value not in (None, False)}


def test_a_leaf_gets_other_words_and_is_switched_off_but_keeps_its_code(boss):
    leaf = Category.objects.get(code=w.RUBBISH)
    address = page("change", Category, leaf.pk)
    typed = {
        "code": "X9999", "name_zh": "垃圾外溢", "name_en": leaf.name_en, "kind": leaf.kind,
        "urgency": leaf.urgency, "default_unit_zh": leaf.default_unit_zh,
        "photo_reason_zh": "请拍照", "photo_reason_en": "Take a photo", "position": leaf.position,
    }  # fmt: skip
    before = CategoryCondition.objects.filter(category=leaf).count()
    answer = boss.post(address, rows_of(boss, address) | typed)
    assert answer.status_code == 302
    leaf.refresh_from_db()
    assert (leaf.code, leaf.name_zh, leaf.active) == (w.RUBBISH, "垃圾外溢", False)
    assert leaf.template is not None
    assert CategoryCondition.objects.filter(category=leaf).count() == before > 0


def test_a_limit_changes_its_minutes_and_keeps_its_code(boss):
    template = LimitTemplate.objects.first()
    address = page("change", LimitTemplate, template.pk)
    before = list(Condition.objects.filter(template=template))
    typed = {"name_zh": template.name_zh, "name_en": template.name_en, **rows_of(boss, address)}
    for name, value in typed.items():
        if name.endswith("-minutes"):
            typed[name] = int(value) + 60
    assert boss.post(address, typed).status_code == 302
    after = {row.pk: (row.code, row.minutes) for row in Condition.objects.filter(template=template)}
    assert after == {row.pk: (row.code, row.minutes + 60) for row in before}
