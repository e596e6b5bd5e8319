"""IDX files, served by a thread of our own: no test leaves this computer."""

import gzip
import hashlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pooch
import pytest
import torch

from genart_edu.data.idx import FILES, SOURCES, Source, idx, read_idx

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
LABELS = np.array([2, 0, 1, 1, 0], dtype=np.uint8)


def packed(values: np.ndarray) -> bytes:
    """IDX as its specification says, written with `struct`."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return gzip.compress(header + values.tobytes(), mtime=0)


GOOD = dict(zip(FILES, map(packed, (PIXELS, LABELS, PIXELS[:2], LABELS[:2])), strict=True))


@dataclass
class Server:
    url: str
    content: dict[str, bytes]
    cut: bool = False  # break off in the middle of every file
    asked: list[str] = field(default_factory=list)

    def source(self, *before: str, content: dict[str, bytes] = GOOD) -> Source:
        hashes = tuple(hashlib.sha256(content[file]).hexdigest() for file in FILES)
        return Source((*before, self.url), hashes, ("a", "b", "c"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            state.asked.append(name)
            body = state.content.get(name)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if state.cut else body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state = Server(f"http://127.0.0.1:{http.server_port}/data/", dict(GOOD))
        Thread(target=http.serve_forever, daemon=True).start()
        yield state
        http.shutdown()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nobody listens."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{port.getsockname()[1]}/"


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.exists() else set()


def sentence(caught: pytest.ExceptionInfo[Exception]) -> str:
    """What the user reads: one line, and no second traceback above it."""
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text


def test_what_was_written_is_what_is_read(server, tmp_path):
    train, test = idx("toy", tmp_path / "我的 data", server.source())
    assert torch.equal(train.pixels[:, 0], torch.from_numpy(PIXELS))
    assert torch.equal(train.labels, torch.from_numpy(LABELS).long())
    assert torch.equal(test.pixels[:, 0], torch.from_numpy(PIXELS[:2]))
    assert (train.shape, train.white, train.names) == ((1, 4, 3), 255, ("a", "b", "c"))
    assert names_in(tmp_path / "我的 data") == set(FILES)


def test_a_download_is_quiet(server, tmp_path, capsys, caplog):
    logger = pooch.get_logger()
    logger.addHandler(caplog.handler)
    try:
        idx("toy", tmp_path, server.source())
    finally:
        logger.removeHandler(caplog.handler)
    assert capsys.readouterr() == ("", "") and not caplog.records


def test_the_second_time_nobody_is_asked(server, tmp_path):
    idx("toy", tmp_path, server.source())
    assert sorted(server.asked) == sorted(FILES)
    idx("toy", tmp_path, server.source())
    assert len(server.asked) == 4


def test_a_mirror_steps_in(server, nowhere, tmp_path):
    train, _ = idx("toy", tmp_path, server.source(nowhere))
    assert len(train) == 5


def test_without_a_network_one_sentence_says_what_to_do(server, nowhere, tmp_path):
    source = server.source()._replace(urls=(nowhere,))
    with pytest.raises(ConnectionError) as caught:
        idx("toy", tmp_path, source)
    text = sentence(caught)
    assert all(file in text for file in FILES)
    assert str(tmp_path) in text and nowhere in text and "could not be reached" in text
    assert names_in(tmp_path) == set()


def test_files_put_there_by_hand_need_no_network(server, nowhere, tmp_path):
    for name, content in GOOD.items():
        (tmp_path / name).write_bytes(content)
    train, test = idx("toy", tmp_path, server.source()._replace(urls=(nowhere,)))
    assert (len(train), len(test)) == (5, 2)


def test_a_server_without_the_file(server, tmp_path):
    del server.content[FILES[2]]
    with pytest.raises(ConnectionError) as caught:
        idx("toy", tmp_path, server.source())
    assert FILES[2] in sentence(caught) and "404" in sentence(caught)


def test_a_file_with_the_wrong_hash_is_not_kept(server, tmp_path):
    server.content[FILES[1]] = packed(LABELS[::-1])
    with pytest.raises(ConnectionError) as caught:
        idx("toy", tmp_path, server.source())
    assert "SHA-256 differs" in sentence(caught) and FILES[1] in sentence(caught)
    assert names_in(tmp_path) == {FILES[0]}
    server.content[FILES[1]] = GOOD[FILES[1]]
    assert len(idx("toy", tmp_path, server.source())[0]) == 5


def test_a_download_that_breaks_off_leaves_nothing(server, tmp_path):
    server.cut = True
    with pytest.raises(ConnectionError) as caught:
        idx("toy", tmp_path, server.source())
    assert FILES[0] in sentence(caught)
    assert names_in(tmp_path) == set()


def test_a_damaged_file_is_never_used_and_is_replaced(server, nowhere, tmp_path):
    idx("toy", tmp_path, server.source())
    (tmp_path / FILES[3]).write_bytes(GOOD[FILES[3]][:-3])
    with pytest.raises(ConnectionError) as caught:
        idx("toy", tmp_path, server.source()._replace(urls=(nowhere,)))
    assert f"{FILES[3]} is not the published file" in sentence(caught)
    idx("toy", tmp_path, server.source())
    assert (tmp_path / FILES[3]).read_bytes() == GOOD[FILES[3]]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not an IDX file"),
        (b"<html>", "not a gzip file"),
        (packed(PIXELS)[:-9], "cut short"),
        (packed(PIXELS)[:6], "cut short"),
        (packed(PIXELS)[:-6] + bytes(6), "cut short"),
        (gzip.compress(b""), "not an IDX file"),
        (gzip.compress(bytes([0, 0, 8, 3, 0, 0])), "not an IDX file"),
        (packed(LABELS), "not an IDX file of bytes in 3"),
        (gzip.compress(bytes([0, 0, 13, 3]) + bytes(12)), "not an IDX file"),
        (gzip.compress(bytes([0, 0, 8, 3]) + bytes([255] * 12)), "promises 4294967295 x"),
        (
            gzip.compress(gzip.decompress(packed(PIXELS))[:-1]),
            "promises 5 x 4 x 3 values but holds 59",
        ),
        (gzip.compress(gzip.decompress(packed(PIXELS)) + b"!"), "but holds 61"),
    ],
    ids=range(12),  # a gzip file holds the time: two processes would give two names
)
def test_a_broken_file_is_named(content, complaint, tmp_path):
    file = tmp_path / "broken.gz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=complaint) as caught:
        read_idx(file, dims=3)
    assert str(file) in sentence(caught)


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [(LABELS[:4], "hold 5 pictures and 4 labels"), (LABELS + 1, "a label over 2")],
)
def test_labels_that_do_not_fit_are_named(server, tmp_path, labels, complaint):
    content = GOOD | {FILES[1]: packed(labels)}
    server.content = content
    with pytest.raises(ValueError, match=complaint) as caught:
        idx("toy", tmp_path, server.source(content=content))
    assert FILES[1] in sentence(caught)


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match="mnist, fashion-mnist, kmnist; got 'cifar'"):
        idx("cifar")


def test_sources_are_complete():
    hashes = [sha256 for source in SOURCES.values() for sha256 in source.sha256]
    assert len(set(hashes)) == 4 * len(SOURCES)
    assert all(len(bytes.fromhex(sha256)) == 32 for sha256 in hashes)
    for source in SOURCES.values():
        assert len(source.names) == 10
        assert all(url.startswith("http") and url.endswith("/") for url in source.urls)
