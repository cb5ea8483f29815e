"""The schema that a generated client is made from: valid, pinned, and true."""

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.services import issue_token
from config.wsgi import application
from tests import world as w

# A generated client names its functions after these.
OPERATIONS = {
    "token_create", "cells_locate", "responsible", "categories", "places",
    "attachments_create", "issues_list", "issues_create", "issues_read", "issues_events",
    "issues_similar", "issues_contact", "issues_verb", "would_be",
    "whistles_list", "whistles_create", "whistles_read", "whistles_act",
}  # fmt: skip
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_the_schema_is_valid_and_without_warnings(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def operations(headers):
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application, headers=headers)
    return {
        found.ok().definition.raw["operationId"]: found.ok()
        for found in schema.get_all_operations()
    }


@pytest.fixture(autouse=True)
def _one_connection():
    """A WSGI server closes the connection of a request; here it is the test's own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(world):
    return headers_of(world, "street")


def headers_of(world, name):
    token = issue_token(user=world.user(name), now=timezone.now())
    return {"Authorization": f"Token {token}"}


def test_the_names_of_the_operations_are_pinned(headers):
    assert set(operations(headers)) == OPERATIONS


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_request_gets_an_answer_that_the_schema_does_not_know(
    world, headers, photos_in_memory, name
):
    operation = operations(headers)[name]
    # The rules are for those who keep them.
    by = headers_of(world, "admin") if name == "would_be" else headers
    issue = world.report(contact={"phone": "13912340987", "agreed": ["callback"]})

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.booleans())
    def holds(case, real):
        if real and "number" in (case.path_parameters or {}):
            case.path_parameters["number"] = issue.number
        if real and name in ("cells_locate", "responsible", "would_be") and case.query:
            case.query |= {"lat": w.IN_A1[0], "lng": w.IN_A1[1]}
        if real and name == "would_be" and case.query:
            case.query |= {"category": w.RUBBISH, "at": "2026-03-10T09:00:00Z"}
            case.query.pop("condition", None)
        case.call_and_validate(headers=by, checks=CHECKS)

    holds()
