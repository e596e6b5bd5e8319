"""The classroom: one app, a page a demo.  `genart demo` launches it, and so does this file."""

import asyncio
import io
import json
import os
import secrets
import socket
import sys
import webbrowser
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import gradio as gr
import segno
from starlette.middleware import Middleware

from genart_edu.bundled import demo as part
from genart_edu.views.style import DARK, LIGHT

PAGES = {  # title: file; the first one is at /
    "Losses": "losses",
    "Mode collapse": "mode_collapse",
    "Latent space": "latent_space",
    "KL term": "kl_term",
    "GAN or VAE?": "gan_or_vae",
}
EVERYWHERE = ("0.0.0.0", "::")
MOST = 4  # processes: each takes 500 MB
THREADS = 160  # a run that plays holds one, and who presses a button meanwhile needs another

shared = part("shared")

THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.blue,
    text_size=gr.themes.sizes.text_lg,
    font=("system-ui", "sans-serif"),
    font_mono=("ui-monospace", "monospace"),
).set(
    body_background_fill=LIGHT.background,  # as in the pictures, which then have no edge
    body_background_fill_dark=DARK.background,
)

CSS, ROOM = (Path(__file__).with_name(name).read_text("utf-8") for name in ("app.css", "room.js"))
NAMES = json.dumps({title: shared.CHINESE[title] for title in PAGES})
HEAD = f"<style>{CSS}</style><script>window.genart_names = {NAMES};{ROOM}</script>"


def build() -> gr.Blocks:
    """All pages in one app."""
    pages = {file: part(file).demo for file in PAGES.values()}  # before `with`, or they join twice
    (first, file), *others = PAGES.items()
    with gr.Blocks(title=first, fill_width=True) as app:
        gr.components.Navbar(main_page_name=first)
        pages[file].render()
    for title, file in others:
        with app.route(title, file.replace("_", "-")):
            gr.components.Navbar(main_page_name=first)
            pages[file].render()
    return app


def launch(
    page: gr.Blocks | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = True,
    password: str = "",
    open_to_all: bool = False,
) -> None:
    """Serve the app, or one page alone, until Ctrl-C; to a room with as many processes as cores.

    host: 0.0.0.0 lets the whole room in.  port: by default the first free one from 7860 on.
    password: what a visitor must know; then there is a teacher, too.  open_to_all: nobody need know
    one.  ValueError for what is no port, or a door left open; OSError where nothing can be served.
    """
    if not (is_here(host) or password or open_to_all):
        raise ValueError(
            f"{host} lets everyone in who can reach this machine: choose --password WORD for those "
            "who know it, or --open for all."
        )
    teacher = secrets.token_urlsafe(9) if password else ""
    if page or is_here(host):
        app, room = page or build(), part("door").Room(teacher)
        welcome(host, serve(app, host, port, password, room), teacher, open_browser)
        return app.block_thread()
    door = listen(host, port)
    usher, n = part("usher"), min(os.cpu_count() or 1, MOST)
    with door, usher.processes(n, password, teacher) as ports, suppress(KeyboardInterrupt):
        welcome(host, door.getsockname()[1], teacher, open_browser)
        asyncio.run(usher.usher([door], ports))


def welcome(host: str, port: int, teacher: str, open_browser: bool) -> None:
    """Say where the classroom is, and open it."""
    here = f"http://{'127.0.0.1' if host in EVERYWHERE else host}:{port}"
    print(f"The classroom is open at {here}  (Ctrl-C closes it)")
    if teacher:
        print(f"For the teacher only, who can send everyone there: {here}/?teacher={teacher}")
    if host in EVERYWHERE:
        print(invitation(room_address(), port))
    sys.stdout.flush()  # a log file shows it at once, too
    if open_browser:
        webbrowser.open(here)


def listen(host: str, port: int | None) -> socket.socket:
    """A socket at that port, or at the first free one.  ValueError, OSError: as `launch`."""
    check(port)
    for each in [port] if port else range(7860, 7960):
        with suppress(OSError):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, each), family=family, backlog=512)
    raise OSError(taken(host, port))


def check(port: int | None) -> None:
    """ValueError, in one sentence, for what is no port."""
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError(f"port must be a whole number from 1 to 65,535; got {port}.")


def taken(host: str, port: int | None) -> str:
    """Why nothing can be served there."""
    where = f"{host}, port {port}" if port else f"{host}, ports 7860 to 7959"
    return f"Can't serve at {where}: taken, or no address of this machine."


def is_here(host: str) -> bool:
    """Whether nobody but this machine reaches that address."""
    with suppress(ValueError):
        return host == "localhost" or ip_address(host).is_loopback
    return False


def serve(app: gr.Blocks, host: str, port: int | None, password: str, room: Any) -> int:
    """Start to serve, in a thread.  room: what its visitors share, a `Room`.  -> the port."""
    check(port)
    shared.forget_closed(app)
    proxied = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    os.environ["no_proxy"] = f"{proxied},localhost,127.0.0.1,{host}"  # Gradio asks itself

    def knows(_: str, word: str) -> bool:
        return secrets.compare_digest(word.encode(), password.encode())

    pages = ["/", *(f"/{file.replace('_', '-')}" for file in PAGES.values())]
    try:
        app.launch(
            server_name=host,
            server_port=port,
            auth=knows if password else None,
            auth_message="Any name, and the password that your teacher tells you.",
            app_kwargs={"middleware": [Middleware(part("door").Door, pages, room)]},
            theme=THEME,
            head=HEAD,
            i18n=shared.WORDS,
            footer_links=[],
            max_threads=THREADS,
            state_session_capacity=shared.visitors.most,
            quiet=True,
            share=False,
            ssr_mode=False,
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise OSError(taken(host, port)) from error
    return app.server_port


def room_address() -> str | None:
    """This machine's address in its network; None without one.  Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # UDP: asks the routing table only (RFC 5737)
        except OSError:
            return None
        return probe.getsockname()[0]


def invitation(address: str | None, port: int) -> str:
    """What to tell the room: where to go, and a QR code of it if the terminal can show one."""
    if address is None:
        return "This machine is in no network: nobody else can reach it."
    url = f"http://{address}:{port}"
    code = io.StringIO()
    segno.make(url, error="l").terminal(code, compact=True)
    blocks = code.getvalue().rstrip("\n")
    try:
        blocks.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return f"Everyone in the room: {url}"
    return f"Everyone in the room: {url}\n{blocks}"


if __name__ == "__main__":
    launch()
