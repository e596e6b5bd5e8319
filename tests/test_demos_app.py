"""The app around the pages: where it serves, and what it tells the room."""

import ast
import io
import ipaddress
import re
import socket
import subprocess
import sys

import gradio as gr
import pytest

from genart_edu.bundled import demo

app = demo("app")


@pytest.fixture(scope="module")
def alone():
    """A page of nothing."""
    with gr.Blocks() as page:
        gr.Markdown("nothing")
    return page


def test_every_page_has_its_address():
    """In a process of its own: a page that is part of the app can't be served alone any more."""
    code = 'from genart_edu.bundled import demo; print(demo("app").build().pages)'
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pages = ast.literal_eval(said.stdout)
    assert [title for _, title, _ in pages][1:] == list(app.PAGES)[1:]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "school.example", ""])
def test_nobody_is_let_in_unasked(alone, host):
    with pytest.raises(
        ValueError, match=r"lets everyone in .*--password WORD .*or --open for all\.$"
    ):
        app.launch(alone, host=host, open_browser=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_this_machine_alone_needs_no_password(host):
    assert app.is_here(host)


def test_a_port_that_is_taken_is_told_in_one_sentence(alone):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"^Can't serve at 127\.0\.0\.1, port {port}: [^.]+\.$"):
            app.launch(alone, port=port, open_browser=False)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_what_is_no_port_is_told_in_one_sentence(alone, port):
    with pytest.raises(ValueError, match=r"^port must be a whole number from 1 to 65,535; got"):
        app.launch(alone, port=port, open_browser=False)


def test_the_address_of_the_room():
    address = app.room_address()
    assert address is None or ipaddress.ip_address(address).version == 4


def test_a_machine_without_a_network_says_so(monkeypatch):
    def unreachable(*_):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert app.room_address() is None
    assert app.invitation(None, 7860).endswith("nobody else can reach it.")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_the_room_is_invited_on_every_terminal(monkeypatch, encoding):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    print(app.invitation("192.168.1.20", 7861), flush=True)
    first, *code = terminal.buffer.getvalue().decode(encoding).splitlines()
    assert first == "Everyone in the room: http://192.168.1.20:7861"
    if encoding == "utf-8":
        modules = len(code[0]) - 8  # without the quiet zone of 4 on either side
        assert (modules - 17) % 4 == 0 and modules >= 25  # 17 + 4 * version: ISO/IEC 18004
        assert len(code) == (modules + 9) // 2
        assert all(re.fullmatch("[ ▀▄█]+", line) for line in code)
    else:
        assert code == []
