"""The door of the classroom: what comes in, what does not, and what is said outside."""

import asyncio

import httpx
import pytest

from genart_edu.bundled import demo

door = demo("door")
PAGES = ["/", "/mode-collapse", "/latent-space"]
COMES_IN = [
    *PAGES,
    "/config",
    "/theme.css",
    "/assets/index-B1x_9.js",
    "/static/fonts/system-ui/system-ui-Bold.woff2",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data",
    "/gradio_api/heartbeat/0a9z",
    "/gradio_api/component_server",
]
STAYS_OUT = [
    "/gradio_api/upload",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file/x",
    "/gradio_api/proxy=http://example.org",
    "/gradio_api/run/predict",
    "/gradio_api/call/predict",
    "/gradio_api/stream/0",
    "/gradio_api/vibe-edit/",
    "/gradio_api/heartbeat/../upload",
    "/gradio_api/process_recording",
    "/monitoring",
    "/docs",
    "/assets/../../etc/passwd",
    "/static//etc/passwd",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/\\..\\x",
    "/a/b",
    "/%00",
]


@pytest.fixture
def knock():
    """knock(method, path, ...) at a door with a teacher, behind which all is echoed."""
    seen = []

    async def echo(scope, receive, send):
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message["body"]
        seen.append((scope["path"], body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body or b"inside"})

    its = door.Door(echo, PAGES, door.Room("secret"))

    def call(method, path, **how):
        async def ask():
            way = httpx.ASGITransport(its)
            async with httpx.AsyncClient(transport=way, base_url="http://room") as client:
                return await client.request(method, path, **how)

        return asyncio.run(ask())

    call.seen, call.door = seen, its
    return call


@pytest.mark.parametrize("path", COMES_IN)
def test_what_a_page_needs_comes_in(knock, path):
    answer = knock("GET", path)
    assert (answer.status_code, answer.text) == (200, "inside")
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", STAYS_OUT)
def test_what_no_page_needs_is_refused_in_a_sentence(knock, path):
    for method in "GET", "POST":
        answer = knock(method, path)
        assert answer.status_code == 404
        assert answer.text == "There is nothing of that name in the classroom."
    assert knock.seen == []


def test_a_request_comes_in_whole_or_not_at_all(knock):
    most = b"x" * door.LARGEST
    assert knock("POST", "/gradio_api/queue/join", content=most).content == most
    for content in most + b"x", iter_of(most, b"x"):
        answer = knock("POST", "/gradio_api/queue/join", content=content)
        assert answer.status_code == 413 and answer.text == "A request has at most 64,000 bytes."
    for length in "-1", "1e3", "99999999999", "":
        answer = knock("POST", "/gradio_api/queue/join", headers={"content-length": length})
        assert answer.status_code == 413
    assert [len(body) for _, body in knock.seen] == [door.LARGEST]


async def iter_of(*parts):
    """In pieces, of which nobody knows how many there are."""
    for part in parts:
        yield part


def test_no_files_and_no_other_methods(knock):
    answer = knock("POST", "/gradio_api/component_server", files={"x": b"x"})
    assert answer.status_code == 415 and "No files come in here" in answer.text
    assert knock("POST", "/login", files={"username": (None, "ann")}).status_code == 200
    assert [path for path, _ in knock.seen] == ["/login"]
    for method in "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE":
        assert knock(method, "/").status_code == 405
    assert len(knock.seen) == 1


def test_too_many_at_a_time_are_told_and_who_leaves_makes_room(knock):
    knock.door._inside = door.MOST
    answer = knock("GET", "/")
    assert answer.status_code == 503 and answer.text.startswith("400 requests are open")
    knock.door._inside -= 1
    assert knock("GET", "/").status_code == 200
    assert knock.door._inside == door.MOST - 1


# ---- the teacher's word -------------------------------------------------------------------------


def test_a_teacher_sends_everyone_to_a_setting(knock):
    assert knock("GET", "/room").json() == {"n": 0, "to": ""}
    for n, to in enumerate(("/mode-collapse?data=moons&seed=3", "/"), 1):
        assert (
            knock("POST", "/room", content=to, headers={"X-Teacher": "secret"}).status_code == 200
        )
        assert knock("GET", "/room").json() == {"n": n, "to": to}


def test_who_comes_by_the_teachers_address_is_known_to_be_the_teacher(knock):
    cookies = [
        knock("GET", f"/{query}").headers.get("set-cookie", "")
        for query in ("?teacher=secret", "?x=1&teacher=secret", "?teacher=secre", "?teacher=", "")
    ]
    assert [each.startswith("genart-teacher=secret; ") for each in cookies] == [
        *(True, True, False, False, False)
    ]
    knock.door.room.teacher = ""
    assert "set-cookie" not in knock("GET", "/?teacher=").headers


@pytest.mark.parametrize("token", ["", "Secret", "secret ", "sécret"])
def test_nobody_else_does(knock, token):
    headers = {"X-Teacher": token.encode()}
    answer = knock("POST", "/room", content="/", headers=headers)
    assert answer.status_code == 403 and answer.text == "Only the teacher sends everyone somewhere."
    knock.door.room.teacher = ""  # where the class was opened without a password, nobody is
    assert knock("POST", "/room", content="/", headers={"X-Teacher": ""}).status_code == 403
    assert knock("GET", "/room").json()["n"] == 0


@pytest.mark.parametrize(
    "to",
    [
        "",
        "//evil.example",
        "http://evil.example",
        "javascript:x",
        "/nowhere",
        "/?x=\n",
        "/?" + "x" * 9_999,
    ],
    ids=range(7),
)
def test_and_nowhere_but_to_a_page(knock, to):
    answer = knock("POST", "/room", content=to, headers={"X-Teacher": "secret"})
    assert answer.status_code == 400 and answer.text.startswith("A page is one of /, ")
    assert knock("GET", "/room").json()["n"] == 0
