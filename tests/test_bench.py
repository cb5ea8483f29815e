"""The bench counts what fails, so that a fast refusal is never read as speed."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bench import load
from tests.servers import free_port


def ask(port):
    return load.run(port, lambda _client, _n: ("GET", "/", None, {}), seconds=0.1)


@pytest.fixture(params=[200, 302, 500])
def server(request):
    """(its port, the status of all its answers)"""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(request.param)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words):
            """Nothing to say."""

    http = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http.server_port, request.param
    http.shutdown()
    http.server_close()


@pytest.mark.slow
def test_only_a_2xx_is_a_success(server):
    port, status = server
    result = ask(port)
    assert result.milliseconds
    assert result.failures == (0 if status == 200 else len(result.milliseconds))


def test_no_answer_is_a_failure():
    result = ask(free_port())
    assert result.failures == len(result.milliseconds) > 0
    assert "FAILED" in result.line("nobody there")
