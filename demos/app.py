"""The classroom: one app, a page a demo.  `genart demo` launches it, and so does this file."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import io
import runpy
import socket
import sys
import webbrowser
from pathlib import Path

import gradio as gr
import segno

from genart_edu.views.style import DARK, LIGHT

PAGES = {  # title: file; the first one is at /
    "Watch it learn": "watch_it_learn",
    "See the game": "game",
    "Latent space": "latent_space",
}
EVERYWHERE = ("0.0.0.0", "::")

THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.blue,
    text_size=gr.themes.sizes.text_lg,
    font=("system-ui", "sans-serif"),
    font_mono=("ui-monospace", "monospace"),
).set(
    body_background_fill=LIGHT.background,  # as in the pictures, which then have no edge
    body_background_fill_dark=DARK.background,
)

# In the head: what is given as `css` reaches only what is inside the page's container.
HEAD = """<style>
.html-container { padding: 0 !important; }
@media (max-width: 700px) {
  button.lg { font-size: 1rem !important; }
  .block:has(> label > input) { display: flex; align-items: flex-end; }
  input[type=number] { padding-inline: 8px !important; }
  input[type=number]::-webkit-inner-spin-button { display: none; }
}
@media (min-width: 1600px) { .gradio-container { zoom: 1.3; } } /* read from the last row */
</style>"""


def build() -> gr.Blocks:
    """All pages in one app."""
    pages = {file: _page(file) for file in PAGES.values()}  # before `with`, or they join it twice
    (first, file), *others = PAGES.items()
    with gr.Blocks(title=first, fill_width=True) as app:
        gr.components.Navbar(main_page_name=first)
        pages[file].render()
    for title, file in others:
        with app.route(title, file.replace("_", "-")):
            gr.components.Navbar(main_page_name=first)
            pages[file].render()
    return app


def _page(file: str) -> gr.Blocks:
    """Pages are loaded by file, from beside this one: in the clone and in an installed wheel."""
    return runpy.run_path(str(Path(__file__).with_name(f"{file}.py")))["demo"]


def launch(
    page: gr.Blocks | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = True,
) -> None:
    """Serve the app, or one page alone, until Ctrl-C.

    host: 0.0.0.0 lets the whole room in.  port: by default the first free one from 7860 on.
    ValueError for what is no port; OSError where nothing can be served.
    """
    app = page or demo
    port = _serve(app, host, port)
    here = f"http://{'127.0.0.1' if host in EVERYWHERE else host}:{port}"
    print(f"The classroom is open at {here}  (Ctrl-C closes it)")
    if host in EVERYWHERE:
        print(invitation(room_address(), port))
    sys.stdout.flush()  # a log file shows it at once, too
    if open_browser:
        webbrowser.open(here)
    app.block_thread()


def _serve(app: gr.Blocks, host: str, port: int | None) -> int:
    """Start to serve, in a thread.  -> the port."""
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError(f"port must be a whole number from 1 to 65,535; got {port}.")
    # Gradio asks itself whether it is there: not by way of the school's proxy.
    proxied = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    os.environ["no_proxy"] = f"{proxied},localhost,127.0.0.1,{host}"
    try:
        app.launch(
            server_name=host,
            server_port=port,
            theme=THEME,
            head=HEAD,
            footer_links=[],
            max_file_size="1mb",
            quiet=True,
            share=False,
            ssr_mode=False,
            prevent_thread_lock=True,
        )
    except OSError as error:
        where = f"{host}, port {port}" if port else f"{host}, ports 7860 to 7959"
        raise OSError(f"Can't serve at {where}: taken, or no address of this machine.") from error
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


demo = build()
if __name__ == "__main__":
    launch()
