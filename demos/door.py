"""The door of the classroom: which requests come in, how large they may be, and the teacher's word.

An ASGI middleware around Gradio's own server, which offers many routes that no page here needs.
"""

import json
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

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


class Door:
    """app: what is behind it.  pages: their paths.  teacher: who knows this word may send everyone
    to one of them; "": nobody may."""

    def __init__(self, app: Any, pages: list[str], teacher: str = "") -> None:
        self.app, self.pages, self.teacher = app, pages, teacher
        self.word: dict[str, Any] = {
            "n": 0,
            "to": "",
        }  # where the teacher sent everyone, and for which time
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
        if kind == b"multipart/form-data":
            return await _say(send, 415, "No files come in here: what is drawn is sent as numbers.")
        body = await _body(headers, receive) if method == "POST" else b""
        if body is None:
            return await _say(send, 413, f"A request has at most {LARGEST:,} bytes.")
        await self.app(scope, _once(body, receive) if method == "POST" else receive, _safe(send))

    async def _room(self, method: str, headers: Any, receive: Receive, send: Send) -> None:
        """GET: the teacher's word.  POST: the teacher gives it, a path with its query."""
        if method == "POST":
            to = (await _body(headers, receive) or b"").decode("utf-8", "replace")
            token = headers.get(b"x-teacher", b"")
            if not self.teacher or not secrets.compare_digest(token, self.teacher.encode()):
                return await _say(send, 403, "Only the teacher sends everyone somewhere.")
            if to.partition("?")[0] not in self.pages or len(to) > 4_000 or not to.isprintable():
                return await _say(send, 400, f"A page is one of {', '.join(self.pages)}.")
            self.word = {"n": self.word["n"] + 1, "to": to}
        await _answer(send, 200, json.dumps(self.word).encode(), b"application/json")


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


def _safe(send: Send) -> Send:
    """Adds HEADERS to an answer."""

    async def give(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *HEADERS.items()]
        await send(message)

    return give


async def _say(send: Send, status: int, sentence: str) -> None:
    await _answer(send, status, sentence.encode(), b"text/plain; charset=utf-8")


async def _answer(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
