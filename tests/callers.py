"""Who calls: programs with a token and people with a session, by their names in the small world."""

import json
from functools import cached_property
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import issue_token

API = "/api/v1/"
PROBLEM = "application/problem+json"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class Program:
    """A client of the API with a token; nobody's token when `name` is None."""

    def __init__(self, name: str | None) -> None:
        self.name = name

    @cached_property
    def client(self) -> Client:
        if self.name is None:
            return Client(raise_request_exception=False)
        user = User.objects.get(username=self.name)
        token = issue_token(user=user, now=timezone.now())
        headers = {"Authorization": f"Token {token}"}
        return Client(raise_request_exception=False, headers=headers)

    def get(self, path: str, **query):
        return self.client.get(f"{API}{path}" + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body=None, **headers):
        said = body if isinstance(body, str | bytes) else json.dumps(body or {})
        return self.client.post(
            f"{API}{path}", said, content_type="application/json", headers=headers
        )

    def upload(self, file):
        return self.client.post(f"{API}attachments/", {"file": file})


def person(name: str | None, **options) -> Client:
    """A browser, signed in when `name` is given."""
    client = Client(raise_request_exception=False, **options)
    if name:
        client.force_login(User.objects.get(username=name), backend=MODEL_BACKEND)
    return client
