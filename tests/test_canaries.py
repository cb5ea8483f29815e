"""The product is driven with canaries in every field; then all that it printed is searched."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import requests

from config.demo.people import PASSWORD
from tests.photos import jpeg
from tests.running import ROOT, Running, environment, get, until
from tests.servers import free_port, servers, wait_for

pytestmark = pytest.mark.slow

NAME, PHONE, OTHER_PHONE = "金丝雀丝雀", "13912340987", "13887654321"
WORD = "kanarienvogel"
NEW_PASSWORD = f"{WORD}-long-Pa55word"
# What `run` says to people once the processes speak.
WELCOME = re.compile(r"$|Gezhi 格治 → |Demo accounts |Ctrl-C stops\.$|Stopped\.$")
FIELDS = {"time", "level", "logger", "message", "request_id"}
SECRETS = {"SECRET_KEY": f"{WORD}-0123456789abcdef" * 4, "CONTACT_KEY": "fedcba9876543210" * 4}


class Visitor:
    """A browser of one person, without a browser."""

    def __init__(self, port):
        self.root = f"http://127.0.0.1:{port}"
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path, **more):
        return self.session.get(self.root + path, timeout=30, **more)

    def post(self, path, data=None, **more):
        token = self.session.cookies.get("csrftoken") or self._token()
        more.setdefault("headers", {"X-CSRFToken": token, "Referer": self.root + f"/{WORD}"})
        return self.session.post(self.root + path, data, timeout=30, allow_redirects=False, **more)

    def _token(self):
        self.get("/sign-in/")
        return self.session.cookies["csrftoken"]

    def sign_in(self, username, password=PASSWORD):
        return self.post("/sign-in/", {"username": username, "password": password}).status_code

    def api(self, method, path, body=None, **more):
        address = f"{self.root}/api/v1/{path}"
        return self.session.request(method, address, json=body, timeout=30, **more)


def drive(port, database):
    """What people and programs do, well and badly; returns the secrets that this made."""
    worker = Visitor(port)
    assert worker.sign_in(WORD, WORD) == 200, "refused"
    assert worker.sign_in("worker") == 302
    assert worker.get(f"/issues/?q={WORD}&{WORD}={PHONE}").status_code == 200
    assert worker.get(f"/{WORD}/{PHONE}").status_code == 404
    assert worker.get(f"/issues/{WORD}/").status_code == 404
    assert worker.get(f"/places/?q={NAME}").status_code == 200
    typed = {"description": f"{WORD}{PHONE}", "contact_name": NAME, "contact_phone": WORD}
    assert worker.post("/report/", typed).status_code == 422
    assert worker.post("/suggestion/", {"text": f"{WORD} {NAME}", "page": WORD}).status_code == 302
    passwords = {"old_password": PASSWORD, "password": NEW_PASSWORD}
    refused = worker.post("/account/password/", passwords | {"password_again": WORD})
    assert refused.status_code == 422
    changed = worker.post("/account/password/", passwords | {"password_again": NEW_PASSWORD})
    assert changed.status_code == 302
    foreign = worker.get("/sign-in/", headers={"Host": f"{WORD}.example"})
    assert foreign.status_code == 400
    forged = requests.post(f"{worker.root}/report/", {"description": WORD}, timeout=30)
    assert forged.status_code == 403
    seen = [worker.session.cookies["sessionid"], worker.session.cookies["csrftoken"]]
    return seen + program(port, worker, database)


def program(port, worker, database):
    """The same through the API, a reveal of the contact, and two bugs."""
    client = Visitor(port)
    given = {"username": "worker", "password": NEW_PASSWORD}
    assert client.api("POST", "token/", given | {"password": WORD}).status_code == 400
    token = client.api("POST", "token/", given).json()["token"]
    client.session.headers["Authorization"] = f"Token {token}"
    assert client.api("GET", "issues/", headers={"Authorization": f"Token {WORD}"}).status_code in (
        400, 401,
    )  # fmt: skip
    desk = Visitor(port)
    assert desk.sign_in("street") == 302
    row = desk.api("GET", "issues/?state=all").json()["results"][0]
    found = desk.api("GET", f"issues/{row['number']}/").json()
    body = {
        "lat": found["lat"], "lng": found["lng"], "datum": "wgs84", "category": "E0102",
        "description": f"{WORD}：垃圾堆在路口", "place": NAME,
        "contact": {"name": NAME, "phone": PHONE, "agreed": ["callback"]},
    }  # fmt: skip
    made = client.api("POST", "issues/", body)
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    bad = body | {"contact": {"name": NAME, "phone": OTHER_PHONE + "9", "agreed": [WORD]}}
    assert client.api("POST", "issues/", bad).status_code == 400
    broken = client.session.post(
        f"{client.root}/api/v1/issues/", b'{"description": "' + WORD.encode(), timeout=30,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert broken.status_code == 400
    revealed = desk.post(f"/issues/{number}/contact/", {"reason": f"{WORD}回访"})
    assert PHONE in revealed.text
    broken_on_purpose(client, worker, body, database)
    return [token, desk.session.cookies["sessionid"]]


def broken_on_purpose(client, worker, body, database):
    """A damaged table and a damaged folder: the two bugs that every installation can have."""
    with closing(sqlite3.connect(database, timeout=30)) as damaged:
        damaged.execute("ALTER TABLE residents_contact RENAME TO elsewhere")
    failed = client.api("POST", "issues/", body)
    assert failed.status_code == 500
    with closing(sqlite3.connect(database, timeout=30)) as damaged:
        damaged.execute("ALTER TABLE elsewhere RENAME TO residents_contact")
    assert client.api("POST", "issues/", body).status_code == 201
    media = database.parent / "media"
    if media.exists():
        media.rename(database.parent / "aside")
    media.write_text("no folder")
    photo = {"file": (f"{WORD}.jpg", jpeg().read(), "image/jpeg")}
    assert worker.post("/attachments/", files=photo).status_code == 500


def lines_of(said):
    """Every line of the services as JSON; only the welcome may stand between them."""
    found = []
    for line in said[said.find("{") :].splitlines():
        if line.startswith("{"):
            found.append(json.loads(line))
            assert found[-1].keys() >= FIELDS, line
        else:
            assert WELCOME.match(line), line
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("canaries")
    running = Running(folder)
    assert running.says("Ctrl-C stops."), running.said
    try:
        made = drive(running.port, folder / "gezhi.sqlite3")
    finally:
        code = running.stop()
    assert code == 0, running.said
    return running.said, made


def test_nothing_that_was_typed_is_printed(run):
    said, made = run
    plain = said + json.dumps([json.loads(x) for x in said.splitlines() if x[:1] == "{"],
                              ensure_ascii=False)  # fmt: skip
    canaries = [NAME, PHONE, OTHER_PHONE, WORD, NEW_PASSWORD, *made]
    assert [canary for canary in canaries if canary in plain] == []


def test_every_line_of_the_services_is_json(run):
    found = lines_of(run[0])
    after = run[0].partition("Ctrl-C stops.\n")[2].splitlines()
    assert [line for line in after if line[:1] != "{"] == ["Stopped."]
    assert {line["logger"] for line in found} >= {"config.access", "config.engine"}


def test_a_bug_is_told_with_its_frames_under_the_request_s_id(run):
    found = lines_of(run[0])
    bugs = [line for line in found if line["logger"] == "django.request"]
    answered = [line for line in found if line.get("status") == 500]
    assert len(bugs) == len(answered) == 2
    for bug, answer in zip(bugs, answered, strict=True):
        assert bug["request_id"] == answer["request_id"]
        assert bug["exception"][0]["at"]
    assert any("residents/" in frame for frame in bugs[0]["exception"][0]["at"])


def test_a_sign_in_that_failed_is_noted_without_a_name(run):
    assert any(line["logger"].startswith("axes") for line in lines_of(run[0]))


def test_the_processes_of_production_speak_json_alone(tmp_path):
    """Web, worker and beat as the container files start them, from birth to a clean stop."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    [cmd] = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.M)
    port = free_port()
    commands = [[f"127.0.0.1:{port}" if ":8000" in word else word for word in json.loads(cmd)]]
    for found in re.findall(r"command: \[(celery[^\]]*)\]", compose):
        commands.append(found.replace('"', "").replace("/tmp", str(tmp_path)).split(", "))  # noqa: S108
    with servers() as urls:
        env = environment(
            GEZHI_MODE="production", DATA_DIR=tmp_path, ALLOWED_HOSTS="127.0.0.1",
            BEHIND_PROXY="true", **SECRETS, **urls,
        )  # fmt: skip
        for words in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"]):
            subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True)
        printed = services(commands, env, tmp_path, port)
    for said in printed:
        assert [line for line in said.splitlines() if line[:1] != "{"] == []
        lines_of(said)
        assert WORD not in said
    assert any(line.get("status") == 404 for line in lines_of(printed[0]))
    assert any("shutdown" in line["message"] for line in lines_of(printed[1]))


def status_of(port, path):
    try:
        return get(port, path)[0]
    except OSError:
        return None


def services(commands, env, folder, port):
    """What each printed, both streams, while somebody asked for a page that is not there."""
    files = [folder / f"{number}.log" for number in range(len(commands))]
    running = []
    for command, file in zip(commands, files, strict=True):
        with file.open("w") as log:
            running.append(subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=env,
                                            stdout=log, stderr=subprocess.STDOUT))  # fmt: skip
    try:
        wait_for(port)
        assert until(lambda: status_of(port, f"/{WORD}?q={WORD}") == 404)
        ping = [sys.executable, "-m", "celery", "-A", "config", "inspect", "ping"]
        assert until(lambda: subprocess.run(ping, cwd=ROOT, env=env, capture_output=True,
                                            check=False).returncode == 0)  # fmt: skip
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)
    return [file.read_text() for file in files]
