"""The usher of a large class: the same classroom in several processes, and each visitor in one.

Python trains in one thread at a time, so a class that shares one process uses one core.  The usher
looks at the first lines of a connection only: a cookie says which process its visitor belongs to.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from genart_edu.bundled import demo

COOKIE = "genart-process"
PATIENCE = 60  # seconds for the first lines of a request
SERVE = 'from genart_edu.bundled import demo; demo("usher").serve()'


@contextmanager
def processes(n: int, password: str, teacher: str) -> Iterator[list[int]]:
    """n processes that serve the classroom to this machine until the end of the block.  -> ports.

    OSError if one does not come up.
    """
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    pipes["env"] = os.environ | {"MALLOC_ARENA_MAX": "2"}  # or each thread of a class keeps its own
    command = [sys.executable, "-c", SERVE]
    started: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(n)]
    try:
        for i, each in enumerate(started):  # not by the command line, which everybody may read
            _tell(each, {"password": password, "teacher": teacher, "process": i})
        ports = [each.stdout.readline().strip() for each in started]
        if not all(port.isdigit() for port in ports):
            raise OSError("A process of the classroom did not start: see above.")
        for each in started:
            _tell(each, [int(port) for port in ports])
        yield [int(port) for port in ports]
    finally:
        for each in started:
            each.stdin.close()  # that is how it hears
            each.terminate()
        for each in started:
            each.wait()


def _tell(process: Any, what: Any) -> None:
    process.stdin.write(f"{json.dumps(what)}\n")
    process.stdin.flush()


def serve() -> None:
    """Be one of the processes, until the one that started it ends."""
    app, how = demo("app"), json.loads(sys.stdin.readline())
    room = demo("door").Room(how["teacher"], f"{COOKIE}={how['process']}")
    print(app.serve(app.build(), "127.0.0.1", None, how["password"], room), flush=True)
    room.ports = json.loads(sys.stdin.readline())
    sys.stdin.read()


async def usher(server_sockets: list[Any], ports: list[int]) -> None:
    """Send each connection to its visitor's process; who is new, to the next."""
    turns = count()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            try:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
                known = re.search(rf"{COOKIE}=(\d{{1,3}})\b".encode(), head)
                port = ports[(int(known[1]) if known else next(turns)) % len(ports)]
                answers, questions = await asyncio.open_connection("127.0.0.1", port)
                writers.append(questions)
                questions.write(head)
                asking = asyncio.ensure_future(_pass_on(reader, questions))
                await _pass_on(answers, writer)  # the process has the last word
                asking.cancel()
            finally:
                for each in writers:
                    each.close()

    greeted: set[Any] = set()  # else nothing would hold who lost one of his two connections

    def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        each = asyncio.ensure_future(greet(reader, writer))
        greeted.add(each)
        each.add_done_callback(greeted.discard)

    servers = [await asyncio.start_server(arrived, sock=each) for each in server_sockets]
    await asyncio.gather(*(each.serve_forever() for each in servers))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Whatever comes, and that there is no more."""
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()
