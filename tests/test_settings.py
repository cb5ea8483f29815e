"""The settings as an operator gives them: the example file, empty values, options of the URL."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
OPTIONAL = re.compile(r"^#([A-Z_]+)=(.*)$", re.M)
FILLED = {
    "GEZHI_MODE": "production",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "CONTACT_KEY": "fedcba9876543210" * 4,
    "ALLOWED_HOSTS": "gezhi.example",
    "DATABASE_URL": "postgres://gezhi:word@db.example:5432/gezhi",
    "REDIS_URL": "redis://redis.example:6379/0",
}
DUMP = (
    "import json; from config import settings as s;"
    "print(json.dumps({k: v for k, v in vars(s).items() if k.isupper()}, default=str))"
)


def start(folder, text, **variables):
    """Load the settings in a process whose .env holds `text`."""
    file = folder / "env"
    file.write_text(text, encoding="utf-8")
    env = {"PATH": os.defpath, "DATA_DIR": str(folder), "GEZHI_ENV_FILE": str(file)} | variables
    return subprocess.run(
        [sys.executable, "-c", DUMP],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def settings_of(folder, text, **variables):
    done = start(folder, text, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def filled(**values):
    """The example as an operator fills it in: the mode changed, lines taken from behind their #."""
    text = EXAMPLE
    for name, value in (FILLED | values).items():
        text, count = re.subn(rf"^#?{name}=.*$", f"{name}={value}", text, flags=re.M)
        assert count == 1, name
    return text


def test_the_unchanged_example_starts_embedded_mode(tmp_path):
    loaded = settings_of(tmp_path, EXAMPLE)
    assert loaded["EMBEDDED"] is True
    assert loaded["HTTPS"] is False
    assert loaded["DATABASES"]["default"]["ENGINE"].endswith("sqlite3")
    assert "127.0.0.1" in loaded["ALLOWED_HOSTS"]


def test_the_filled_example_starts_production_with_https(tmp_path):
    loaded = settings_of(tmp_path, filled())
    assert loaded["PRODUCTION"] is True
    for name in ("HTTPS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        assert loaded[name] is True, name
    assert loaded["SECURE_HSTS_SECONDS"] > 0
    assert loaded["DATABASES"]["default"]["HOST"] == "db.example"


def test_an_empty_value_counts_as_not_set(tmp_path):
    """As in a file whose lines were freed of their # and left empty."""
    lines = OPTIONAL.sub(r"\1=", filled())
    assert re.search(r"^HTTPS=$", lines, re.M)
    assert settings_of(tmp_path, lines) == settings_of(tmp_path, filled())
    blank = settings_of(tmp_path, filled(), HTTPS="  ", CONN_MAX_AGE="")
    assert blank == settings_of(tmp_path, filled())


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "CONTACT_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"]
)
def test_an_empty_value_that_production_needs_is_refused_by_name(tmp_path, name):
    refused = start(tmp_path, filled(**{name: ""}))
    assert refused.returncode != 0
    assert name in refused.stderr.splitlines()[-1]


def test_the_example_shows_the_true_defaults(tmp_path):
    shown = OPTIONAL.sub(lambda line: line[0][1:] if line[2] else line[0], filled())
    assert re.search(r"^HTTPS=true$", shown, re.M)
    assert settings_of(tmp_path, shown) == settings_of(tmp_path, filled())


def test_the_environment_comes_before_the_file(tmp_path):
    assert settings_of(tmp_path, filled(), HTTPS="false")["HTTPS"] is False


def test_a_named_file_that_cannot_be_read_is_refused(tmp_path):
    refused = start(tmp_path, "", GEZHI_ENV_FILE=str(tmp_path / "none"))
    assert "GEZHI_ENV_FILE" in refused.stderr.splitlines()[-1]


def test_options_of_the_database_url_survive_beside_ours(tmp_path):
    url = f"{FILLED['DATABASE_URL']}?sslmode=require&options=-c%20work_mem%3D8MB&CONN_MAX_AGE=0"
    database = settings_of(tmp_path, filled(DATABASE_URL=url))["DATABASES"]["default"]
    assert database["OPTIONS"] == {
        "sslmode": "require", "options": "-c work_mem=8MB -c join_collapse_limit=1",
    }  # fmt: skip
    assert database["CONN_MAX_AGE"] == 0
    plain = settings_of(tmp_path, filled())["DATABASES"]["default"]
    assert plain["OPTIONS"] == {"options": "-c join_collapse_limit=1"}
    small = settings_of(tmp_path, f"DATABASE_URL=sqlite:///{tmp_path}/x.sqlite3?timeout=60")
    assert small["DATABASES"]["default"]["OPTIONS"]["timeout"] == 60
    assert small["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_hsts_speaks_for_subdomains_and_preloading_only_when_told(tmp_path):
    plain = settings_of(tmp_path, filled())
    told = settings_of(tmp_path, filled(HSTS_SUBDOMAINS="true", HSTS_PRELOAD="true"))
    for name in ("SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"):
        assert (plain[name], told[name]) == (False, True)


def test_an_address_has_a_limit_only_where_it_is_known(tmp_path):
    def limit(**values):
        return settings_of(tmp_path, filled(**values))["ADDRESS_FAILURE_LIMIT"]

    assert limit() == 100
    assert limit(BEHIND_PROXY="true", PROXY_COUNT="1") == 100
    assert limit(BEHIND_PROXY="true") == 0


def test_the_example_names_every_variable_that_is_read_and_no_other():
    named = re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.M)
    assert sorted(named) == sorted(read_by_code() | read_by_compose())


def read_by_compose():
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))


def read_by_code():
    found = set()
    for folder in ("config", "accounts", "bench", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            constants = {
                target.id: node.value.value
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
                for target in node.targets
            }
            for node in ast.walk(tree):
                found |= names_read(node, constants)
    return found


def names_read(node, constants):
    """The variables that one expression reads."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
        return {value_of(node.slice, constants)}
    if not isinstance(node, ast.Call) or not node.args:
        return set()
    called = ast.unparse(node.func)
    if called == "os.environ.get" or re.fullmatch(r"env\.\w+", called):
        name = value_of(node.args[0], constants)
        # Inside given() the name is a parameter.
        return {name} if name else set()
    if called in {"secret", "given"}:
        name = value_of(node.args[0], constants)
        return {name, f"{name}_FILE"} if name else set()
    return set()


def value_of(node, constants):
    return node.value if isinstance(node, ast.Constant) else constants.get(getattr(node, "id", ""))
