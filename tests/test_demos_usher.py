"""The usher: each visitor in one process of the class, whatever else knocks."""

import asyncio
import socket
from contextlib import suppress

import pytest

from genart_edu.bundled import demo

usher = demo("usher")
HEAD = b"GET / HTTP/1.1\r\nHost: room\r\n%b\r\n"
COOKIE = b"Cookie: a=b; genart-process=%d; c=1\r\n"


@pytest.fixture
def knock():
    """knock(*requests): what each of them, on a connection of its own, hears from two processes,
    which say their name and repeat what they got until the other hangs up."""

    async def room(requests, ports_of):
        async def repeat(name, reader, writer):
            writer.write(name)
            while some := await reader.read(1_000):
                writer.write(some)
            writer.close()

        def named(name):
            return lambda reader, writer: repeat(name, reader, writer)

        servers = [
            await asyncio.start_server(named(name), "127.0.0.1", 0) for name in (b"0:", b"1:")
        ]
        ports = ports_of([each.sockets[0].getsockname()[1] for each in servers])
        door = socket.create_server(("127.0.0.1", 0))
        its = asyncio.create_task(usher.usher([door], ports))
        heard = []
        for request in requests:
            reader, writer = await asyncio.open_connection(*door.getsockname())
            with suppress(ConnectionError):  # it may hang up before it has heard all
                writer.write(request)
                await writer.drain()
                writer.write_eof()
            try:
                heard.append(await asyncio.wait_for(reader.read(), 20))
            except ConnectionError:
                heard.append(b"")
            writer.close()
        its.cancel()
        for each in servers:
            each.close()
        return heard

    return lambda *requests, ports_of=list: asyncio.run(room(requests, ports_of))


def test_who_is_new_goes_to_the_next_and_who_was_there_to_the_same(knock):
    new = HEAD % b""
    known = [HEAD % (COOKIE % n) for n in (1, 1, 0, 1)]
    heard = knock(new, new, *known, new)
    assert [each[:2] for each in heard] == [b"0:", b"1:", b"1:", b"1:", b"0:", b"1:", b"0:"]
    assert heard[3] == b"1:" + known[1]  # as it was said


def test_what_follows_the_first_lines_goes_there_too(knock):
    request = HEAD % (COOKIE % 1) + bytes(range(256)) * 2_000
    assert knock(request) == [b"1:" + request]


def test_a_cookie_of_another_class_is_no_danger(knock):
    heard = knock(HEAD % (COOKIE % 7), HEAD % b"Cookie: genart-process=x\r\n")
    assert [each[:2] for each in heard] == [b"1:", b"0:"]


def test_what_is_no_request_is_hung_up_on_and_the_others_go_on(knock):
    fine = HEAD % b""
    assert knock(b"", b"GET /", b"x" * 200_000, fine) == [b"", b"", b"", b"0:" + fine]


def test_a_process_that_is_gone_is_hung_up_on(knock):
    fine = HEAD % (COOKIE % 0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = nobody.getsockname()[1]
        heard = knock(HEAD % (COOKIE % 1), fine, ports_of=lambda ports: [ports[0], gone])
    assert heard == [b"", b"0:" + fine]


def test_a_process_that_does_not_start_is_told(monkeypatch):
    monkeypatch.setattr(usher, "SERVE", "raise SystemExit")
    with pytest.raises(OSError, match="did not start"), usher.processes(2, "", ""):
        pass
