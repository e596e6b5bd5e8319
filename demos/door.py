"""The door of the classroom: which requests come in, how large they may be, and the teacher's word.

An ASGI middleware around Gradio's own server, which offers many routes that no page here needs.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST = 64_000  # bytes of a request: a drawing of 2,000 letters fits in many times
MOST = 400  # requests at a time; a page that is open holds two
# All that a page asks for.  Uploads, files on the server, proxies and the programmer's API are not
# among it: what is drawn or chosen on a page comes in as numbers.
KNOWN = re.compile(
    r"/(config|login|logout|theme\.css|favicon\.ico|manifest\.json|robots\.txt|pwa_icon)/?"
    r"|/(assets|static|svelte)/[\w@-][\w.@/-]*"
    r"|/gradio_api/(queue/(join|data)|heartbeat/\w+|component_server|cancel|reset|startup-events"
    r"|app_id|theme\.css|user|token|login_check|info)/?"
)
HEADERS = {
    # Fonts, scripts and pictures come from here or not at all, whatever Gradio's page asks for.
    b"content-security-policy": b"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
}


class Room:
    """What the visitors of a server share.  teacher: who knows this word may send everyone to a
    page; "": nobody may.  cookie: who comes again comes here.  ports: of servers of the same class.
    """

    def __init__(self, teacher: str = "", cookie: str = "") -> None:
        self.teacher, self.cookie = teacher, cookie
        self.ports: list[int] = []
        self.word: dict[str, Any] = {"n": 0, "to": ""}  # where everyone was sent last: the nth time

    def send(self, word: dict[str, Any]) -> None:
        """Send everyone of the class there, on the other servers too."""
        self.word = word
        body, without = json.dumps(word).encode(), build_opener(ProxyHandler({}))
        for port in self.ports:
            token = {"X-Teacher": self.teacher, "X-Word": "1"}
            without.open(Request(f"http://127.0.0.1:{port}/room", body, token), timeout=10)


class Door:
    """app: what is behind it.  pages: their paths."""

    def __init__(self, app: Any, pages: list[str], room: Room) -> None:
        self.app, self.pages, self.room = app, pages, room
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return  # nothing here uses one
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        self._inside += 1
        try:
            await self._enter(scope, receive, send)
        finally:
            self._inside -= 1

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, method = dict(scope["headers"]), scope["method"]
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if method not in ("GET", "HEAD", "POST"):
            return await _say(send, 405, "A page is read or asked: GET, HEAD or POST.")
        if self._inside > MOST:
            return await _say(send, 503, f"{MOST} requests are open: try again in a moment.")
        if path == "/room":
            return await self._room(method, headers, receive, send)
        known = KNOWN.fullmatch(path) or (path.rstrip("/") or "/") in self.pages
        if not known or ".." in path:
            return await _say(send, 404, "There is nothing of that name in the classroom.")
        kind = headers.get(b"content-type", b"").partition(b";")[0]
        if kind == b"multipart/form-data" and path.rstrip("/") != "/login":  # Gradio's own form
            return await _say(send, 415, "No files come in here: what is drawn is sent as numbers.")
        body = await _body(headers, receive) if method == "POST" else b""
        if body is None:
            return await _say(send, 413, f"A request has at most {LARGEST:,} bytes.")
        inner = _once(body, receive) if method == "POST" else receive
        await self.app(scope, inner, _safe(send, self._cookies(scope["query_string"])))

    def _cookies(self, query: bytes) -> list[str]:
        """Which process this is; and the teacher's word, for who came with it: a login loses it."""
        own, teacher = [self.room.cookie] if self.room.cookie else [], self.room.teacher
        told = re.search(rb"\bteacher=([\w-]+)", query)
        if teacher and told and secrets.compare_digest(told[1], teacher.encode()):
            own.append(f"genart-teacher={teacher}")
        return own

    async def _room(self, method: str, headers: Any, receive: Receive, send: Send) -> None:
        """GET: the teacher's word.  POST: the teacher gives it, a path with its query."""
        if method == "POST":
            to = (await _body(headers, receive) or b"").decode("utf-8", "replace")
            token = headers.get(b"x-teacher", b"")
            teacher = self.room.teacher.encode()
            if not teacher or not secrets.compare_digest(token, teacher):
                return await _say(send, 403, "Only the teacher sends everyone somewhere.")
            if b"x-word" in headers:  # said at another server
                self.room.word = json.loads(to)
                return await _answer(send, 200, b"{}", b"application/json")
            if to.partition("?")[0] not in self.pages or len(to) > 4_000 or not to.isprintable():
                return await _say(send, 400, f"A page is one of {', '.join(self.pages)}.")
            word = {"n": self.room.word["n"] + 1, "to": to}
            await asyncio.to_thread(self.room.send, word)
        await _answer(send, 200, json.dumps(self.room.word).encode(), b"application/json")


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """The whole of a request, or None if it is too large."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 9 or int(length) > LARGEST:
        return None
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > LARGEST:
            return None
    return body


def _once(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was read already, and then whatever comes."""
    left = [body]

    async def give() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": left.pop()} if left else await receive()

    return give


def _safe(send: Send, cookies: list[str]) -> Send:
    """Adds HEADERS and cookies to an answer."""
    kept = [(b"set-cookie", f"{each}; Path=/; SameSite=Strict".encode()) for each in cookies]
    more = [*HEADERS.items(), *kept]

    async def give(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *more]
        await send(message)

    return give


async def _say(send: Send, status: int, sentence: str) -> None:
    await _answer(send, status, sentence.encode(), b"text/plain; charset=utf-8")


async def _answer(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
