"""Databases of their own with the small district, and processes that work on them.

A process here is forked off a server that has imported Django already, so it
starts in milliseconds; it is a process all the same, with connections of its own,
and a SIGKILL ends it as it would end any other.
"""

import multiprocessing
import os
import shutil
import signal
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection

from tests import world as w
from tests.chaos import work
from tests.chaos.databases import on

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.chaos.work"])
DEADLINE = 240  # seconds that no process of these tests ever needs


@dataclass(frozen=True)
class House:
    """One database, the folder of its processes, and what they printed."""

    url: str
    folder: Path

    @property
    def log(self):
        return self.folder / "processes.log"

    def start(self, task, *words, failpoint=""):
        """Begin a task of `tests.chaos.work` in a process of its own."""
        process = FORKS.Process(target=work.run, args=(task, self.url, self.log, failpoint, words))
        process.start()
        return process

    def run(self, task, *words):
        """Do a task in a process of its own, and hold that it ended well."""
        self.ended_well(self.start(task, *words))

    def ended_well(self, *processes):
        for process in processes:
            process.join(DEADLINE)
            assert process.exitcode == 0, self.log.read_text(encoding="utf-8")[-4000:]

    def at_once(self, task, *words, times=2):
        """Do a task several times at the same time; each must end well."""
        self.ended_well(*[self.start(task, *words) for _ in range(times)])


class Builder:
    """Makes houses; tables are made once for each kind of database, and so is the district."""

    def __init__(self, folder):
        self.folder = folder
        self.made = 0
        self.bases = {}
        self.names = []

    def house(self, vendor, *, empty=False):
        """A copy of the district, or of empty tables."""
        base, folder = self._base(vendor, empty), self._folder()
        return House(self._copy(vendor, base, folder), folder)

    def close(self):
        for name in reversed(self.names):
            self._on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _base(self, vendor, empty):
        if (vendor, empty) not in self.bases:
            source = None if empty else self._base(vendor, True)
            url = self._copy(vendor, source, self._folder())
            with on(url):
                if empty:
                    call_command("migrate", verbosity=0)
                else:
                    w.build()
            self.bases[vendor, empty] = url
        return self.bases[vendor, empty]

    def _folder(self):
        self.made += 1
        folder = self.folder / f"house-{self.made}"
        folder.mkdir()
        return folder

    def _copy(self, vendor, source, folder):
        if vendor == "sqlite":
            file = folder / "gezhi.sqlite3"
            if source:
                # Its connection was closed, so that everything stands in the one file.
                shutil.copy(urlsplit(source).path, file)
            return f"sqlite:///{file}"
        name = f"chaos-{os.getpid()}-{folder.name}"
        template = f' TEMPLATE "{name_of(source)}"' if source else ""
        self._on_server(f'CREATE DATABASE "{name}"{template}')
        self.names.append(name)
        return urlsplit(server_url())._replace(path=f"/{name}").geturl()

    def _on_server(self, statement):
        with on(server_url()), connection.cursor() as cursor:
            cursor.execute(statement)


def server_url():
    """The PostgreSQL server that tests/servers.py started for this run."""
    return os.environ["DATABASE_URL"]


def name_of(url):
    return urlsplit(url).path.lstrip("/")


def kill_again_and_again(house, begin, points, *, kills, at_once):
    """Start processes armed with one point after the other until so many were killed there.

    `begin(point)` starts one; `at_once` run at the same time. Whatever ends otherwise than
    killed must have ended well. Returns how many each point killed.
    """
    killed = dict.fromkeys(points, 0)
    running = {}
    started = 0
    while (dead := sum(killed.values())) < kills or running:
        while dead < kills and len(running) < at_once:
            point = points[started % len(points)]
            process = begin(point)
            running[process.sentinel] = point, process
            started += 1
        assert started < kills * 5, f"{killed}: there is nothing left to be killed at"
        ended = wait(running, DEADLINE)
        assert ended, "a process hangs"
        for sentinel in ended:
            point, process = running.pop(sentinel)
            process.join()
            if process.exitcode == -signal.SIGKILL:
                killed[point] += 1
            else:
                house.ended_well(process)
    return killed
