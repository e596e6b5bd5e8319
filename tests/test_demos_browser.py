"""The classroom in a real browser, as `genart demo` opens it: what all its pages have in common."""

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from genart_edu.bundled import demo

ROOT = Path(__file__).parents[1]
PROJECTOR, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}
BLOCKED = """
import os, socket
def here(host):
    if host not in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None):
        with open(os.path.join(os.environ["TMPDIR"], "reached-out.txt"), "a") as note:
            note.write(f"{host}\\n")
        raise OSError("no network here")
def connect(self, address, real=socket.socket.connect):
    if isinstance(address, tuple) and self.type == socket.SOCK_STREAM:
        here(address[0])
    return real(self, address)
def getaddrinfo(host, *more, real=socket.getaddrinfo, **how):
    here(host)
    return real(host, *more, **how)
socket.socket.connect, socket.getaddrinfo = connect, getaddrinfo
"""
OPENED = "img[alt^='Step 0'] >> nth=1"  # both are there
VAE, GAN = 0, 1  # benches of the first page


@contextmanager
def served(folder, *options):
    """The app, served by the command in a process of its own, without a network.  -> its lines.

    Any request that the server sends beyond this machine fails.  All that it writes goes to folder.
    """
    (folder / "sitecustomize.py").write_text(BLOCKED, "utf-8")
    command = [sys.executable, "-m", "genart_edu.cli", "demo", "--no-browser", *options]
    paths = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "TMPDIR": str(folder)}
    pipe: Any = {"stdout": subprocess.PIPE, "text": True}
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | paths, **pipe)
    try:
        yield server.stdout
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert not (folder / "reached-out.txt").exists()  # nor did it try


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def address(folder):
    """Of the classroom."""
    with served(folder) as lines:
        yield re.search(r"http://127\.0\.0\.1:\d+", lines.readline())[0]


@pytest.fixture
def visit(browser, address):
    """visit() opens the page as another visitor, with a browser of their own."""
    contexts, outside = [], []

    def open_page(
        viewport=PROJECTOR,
        scheme="light",
        path="",
        server=address,
        locale="en-GB",
        wait=OPENED,
    ):
        def note(request):
            if not request.url.startswith((address, "data:", "blob:")):
                outside.append(request.url)

        how = {"viewport": viewport, "color_scheme": scheme, "locale": locale}
        contexts.append(browser.new_context(**how))
        contexts[-1].on("request", note)
        page = contexts[-1].new_page()
        page.goto(f"{address}{path}")
        page.wait_for_selector(wait, timeout=60_000)
        page.wait_for_timeout(500)  # Gradio makes the fields anew once they are answered
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []  # whatever a test did, the page asked nobody but the app


def press(page: Page, button: str, bench: int = VAE) -> None:
    page.get_by_role("button", name=button, exact=True).nth(bench).click()


def status(page: Page, bench: int = VAE) -> str:
    return page.locator("img[alt^=Step]").nth(bench).get_attribute("alt") or ""


def step(page: Page, bench: int = VAE) -> int:
    return int(status(page, bench).split()[1].strip(".,;").replace(",", ""))


def wait_for(page: Page, condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        page.wait_for_timeout(50)


def wait_for_step(page: Page, least: int, bench: int = VAE) -> None:
    wait_for(page, lambda: step(page, bench) >= least, f"step {least}")


def rest(page: Page, bench: int = VAE) -> int:
    """Wait until the counter stands still.  -> where."""
    before = [-1]

    def still() -> bool:
        last, before[0] = before[0], step(page, bench)
        page.wait_for_timeout(700)
        return last == before[0]

    wait_for(page, still, "rest")
    return before[0]


def pixels(page: Page, bench: int = VAE) -> np.ndarray:
    """What is on the screen of a live picture, (H, W, 3)."""
    page.mouse.move(0, 0)
    shot = page.locator("img[alt^=Step]").nth(bench).screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)


def test_a_vae_and_a_gan_learn_side_by_side(visit):
    page = visit()
    untrained = [pixels(page, bench) for bench in (VAE, GAN)]
    press(page, "Play both")
    for bench in VAE, GAN:
        wait_for_step(page, 60, bench)
    press(page, "Pause both")
    for bench in VAE, GAN:
        assert rest(page, bench) >= 60
        changed = (pixels(page, bench) != untrained[bench]).any(axis=-1).mean()
        assert 0.01 < changed < 0.9  # of the pixels: what is drawn, not the page
    expect(page.get_by_text("upper bound on")).to_be_visible()
    expect(page.get_by_text("judge by the samples")).to_be_visible()


def test_pause_stands_still_and_step_adds_exactly_one(visit):
    page = visit()
    press(page, "Play")
    wait_for_step(page, 20)
    press(page, "Step")  # while it trains: it pauses, and makes one
    stood = rest(page)
    for n in 1, 2:
        press(page, "Step")
        wait_for_step(page, stood + n)
    assert rest(page) == stood + 2


def test_the_step_is_dragged_back_and_another_future_begins(visit):
    page = visit()
    begun = pixels(page)
    press(page, "Play")
    wait_for_step(page, 60)
    press(page, "Pause")
    end = rest(page)
    scrubber = page.locator("input[type=range]").first
    scrubber.focus()
    page.keyboard.press("ArrowLeft")
    wait_for(page, lambda: step(page) == end - 1, "a step back")
    box = scrubber.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 9, y)
    page.mouse.down()
    for share in 0.9, 0.6, 0.3, 0.5:
        page.mouse.move(box["x"] + share * box["width"], y, steps=5)
    page.mouse.up()
    wait_for(page, lambda: abs(step(page) - end / 2) < 0.1 * end, "the middle")
    assert rest(page) == int(scrubber.input_value())
    page.get_by_label("Learning rate").fill("0.0001")
    page.get_by_label("Learning rate").press("Enter")
    expect(page.get_by_label("Run", exact=True)).to_be_visible()
    assert f"run 2, from 1 at {step(page):,}" in page.get_by_label("Run", exact=True).input_value()
    press(page, "A healthy VAE")
    wait_for(page, lambda: step(page) == 0, "the beginning")
    expect(page.get_by_label("Learning rate")).to_have_value("0.003")
    assert (pixels(page) == begun).all()


def test_two_visitors_never_disturb_each_other(visit):
    ann, bob = visit(), visit()
    press(ann, "Play")
    press(bob, "Step")
    wait_for_step(ann, 50)
    wait_for_step(bob, 1)
    press(bob, "Reset")
    wait_for(bob, lambda: step(bob) == 0, "the beginning")
    wait_for_step(ann, step(ann) + 50)
    assert step(bob) == 0


def test_what_can_not_be_is_told_and_the_run_goes_on(visit):
    page = visit()
    press(page, "Play")
    wait_for_step(page, 10)
    page.get_by_text("More settings").first.click()
    page.wait_for_timeout(1_000)  # the fields of a fold are made when it opens
    field = page.get_by_label("Latent dimensions").first
    field.fill("0")
    field.press("Enter")
    sentence = "Latent dimensions must be a whole number from 1 to 128; got 0."
    expect(page.get_by_text(sentence).first).to_be_visible()
    wait_for_step(page, step(page) + 20)


def test_a_collapse_is_named_with_its_evidence_and_mended_while_it_trains(visit):
    page = visit()
    press(page, "A collapsed VAE")
    expect(page.get_by_text("makes each nat of z cost ten")).to_be_visible()
    press(page, "Play")
    wait_for(page, lambda: "Collapsed: z says 0.0" in status(page), "a collapse")
    page.get_by_label("β", exact=True).fill("1")
    page.get_by_label("β", exact=True).press("Enter")
    wait_for(page, lambda: "Healthy: z says" in status(page), "it comes back")


def test_the_address_carries_the_setting_and_a_student_opens_the_same(visit):
    teacher = visit()
    menu = teacher.get_by_label("Data").first
    menu.evaluate("menu => menu.scrollIntoView({ block: 'center' })")
    menu.click()
    teacher.get_by_role("option", name="Moons").click()
    wait_for(teacher, lambda: "vae.data=moons" in teacher.url, "the address")
    press(teacher, "Step")
    wait_for_step(teacher, 1)
    student = visit(path="/" + teacher.url.partition("/?")[2].join(["?", "&hide=settings,time"]))
    expect(student.get_by_label("Data").first).not_to_be_visible()
    assert student.locator("input[type=range]").count() == 0
    press(student, "Step")
    wait_for_step(student, 1)
    assert (pixels(student) == pixels(teacher)).all()


def test_a_run_is_taken_home(visit, tmp_path):
    page = visit()
    press(page, "Step")
    wait_for_step(page, 1)
    press(page, "Download")
    for name in "picture.png", "history.csv", "run.py":
        with page.expect_download() as coming:
            page.get_by_role("link", name=name).first.click()
        coming.value.save_as(tmp_path / name)
    assert Image.open(tmp_path / "picture.png").width > 1_000
    assert (tmp_path / "history.csv").read_text("utf-8").startswith("step,")
    assert "Experiment(" in (tmp_path / "run.py").read_text("utf-8")


def test_a_page_speaks_chinese_where_the_browser_does(visit):
    page = visit(locale="zh-CN", wait="img[alt^='第 0 步'] >> nth=1")
    expect(page.get_by_role("heading", name="损失")).to_be_visible()
    expect(page.get_by_role("link", name="模式坍塌")).to_be_visible()
    expect(page.get_by_label("速度").first).to_have_value("全速")
    press(page, "同时播放")
    pictures = page.locator("img[alt^='第 ']")

    def both_learn() -> bool:
        told = [pictures.nth(bench).get_attribute("alt") or "" for bench in (VAE, GAN)]
        return not any("第 0 步" in status for status in told)

    wait_for(page, both_learn, "step 1")
    press(page, "健康的 VAE")
    expect(page.get_by_text("两项代价都会稳定下来")).to_be_visible()
    page.get_by_role("button", name="术语表").click()
    expect(page.get_by_text("后验坍塌").first).to_be_visible()
    assert "__i18n__" not in page.locator("body").inner_text()
    field = page.get_by_label("学习率", exact=True)
    field.fill("7")
    field.press("Enter")
    expect(page.get_by_text("学习率 必须是 0 到 1 的数；现在是 7。").first).to_be_visible()


PATHS = ["", *(f"/{file.replace('_', '-')}" for file in [*demo("app").PAGES.values()][1:])]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (PROJECTOR, "light")])
def test_every_page_fits_a_phone_and_a_projector(visit, path, viewport, scheme, browser):
    page = visit(viewport, scheme, path, wait="img, canvas")
    page.wait_for_timeout(1_500)
    for edge in page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]"):
        assert edge <= viewport["width"]
    text = page.locator("body").inner_text()
    assert "__i18n__" not in text and "undefined" not in text
    back = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (max(back[:3]) < 64) == (scheme == "dark")
    for picture in page.locator("img:visible").all():
        assert picture.get_attribute("alt")
    unnamed = page.evaluate(UNNAMED)
    assert unnamed == []


UNNAMED = """[...document.querySelectorAll("button, input, select, textarea, [role=slider]")]
  .filter((e) => e.offsetParent && !(e.innerText || e.ariaLabel || e.title || e.labels?.length
    || e.closest("label") || e.getAttribute("aria-labelledby")))
  .map((e) => e.outerHTML.slice(0, 200))"""


def test_the_picture_wears_the_theme_of_the_browser(visit):
    for scheme, dark in ("light", False), ("dark", True):
        page = visit(scheme=scheme)
        corner = pixels(page)[0, 0]
        assert (corner.max() < 64) == dark
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == f"rgb({', '.join(map(str, corner))})"  # it has no edge


def test_a_closed_tab_ends_its_runs(browser):
    losses, visitors = demo("losses"), demo("shared").visitors
    port = demo("app").serve(losses.demo, "127.0.0.1", None, "", demo("door").Room())
    try:
        tab = browser.new_page()
        tab.goto(f"http://127.0.0.1:{port}")
        tab.wait_for_selector("img[alt^='Step 0'] >> nth=1", timeout=60_000)
        lives, kept = [*visitors._lives.values()], losses.demo.state_holder.session_data
        assert len(kept) == 1
        press(tab, "Play both")
        wait_for_step(tab, 10)
        tab.close()
        deadline = time.monotonic() + 60
        while (
            len(visitors) or kept or any(live.playing for live in lives)
        ) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(lives) == 2 and not any(live.playing for live in lives)
        assert len(visitors) == 0 and not kept  # nor does Gradio remember the page
    finally:
        losses.demo.close()


def test_a_teacher_sends_everyone_and_who_has_no_password_stays_out(browser, tmp_path):
    room = "--host", "0.0.0.0", "--port", "7985", "--password", "Apfelbaum"
    with served(tmp_path, *room) as lines:  # by as many processes as there are cores
        server = re.search(r"http://\S+", lines.readline())[0]
        secret = re.search(r"http://\S+", lines.readline())[0]
        plain = build_opener(ProxyHandler({}))
        for path in "/gradio_api/queue/data?session_hash=x", "/config":
            with pytest.raises(OSError, match="401"):
                plain.open(server + path)
        teacher, student = (browser.new_context(locale="en-GB").new_page() for _ in range(2))
        for page, url in (teacher, secret), (student, server):
            page.goto(url)
            for password in "Birnbaum", "Apfelbaum":
                page.get_by_label("username").fill("ann")
                page.get_by_label("password").fill(password)
                page.get_by_role("button", name="Login").click()
                page.wait_for_timeout(1_000)
            page.wait_for_selector(OPENED, timeout=60_000)
        assert "teacher" not in teacher.url
        press(teacher, "A collapsed VAE")
        wait_for(teacher, lambda: "vae.beta=10" in teacher.url, "the address")
        teacher.get_by_role("button", name="Send everyone to my setting").click()
        student.get_by_role("button", name="Go now").click()
        wait_for(student, lambda: student.url == teacher.url, "the teacher's setting")
        expect(student.get_by_label("β", exact=True)).to_have_value("10")
        assert student.get_by_role("button", name="Send everyone to my setting").count() == 0
        teacher.context.close()
        student.context.close()


def test_hostile_visitors_are_refused_and_the_others_go_on(visit, address, folder):
    page = visit()
    press(page, "Play")
    wait_for_step(page, 20)
    plain = build_opener(ProxyHandler({}))
    html = plain.open(address).read().decode()
    config = json.loads(re.search(r"gradio_config = (\{.*?\});\s*</script>", html, re.DOTALL)[1])

    def post(body, path="queue/join"):
        where, kind = f"{address}/gradio_api/{path}", {"content-type": "application/json"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            return plain.open(Request(where, data, kind), timeout=60).status
        except OSError as error:
            return getattr(error, "code", 0)

    forged = [None, [], [[]], ["<img src=x onerror=alert(1)>"] * 9, [1e400] * 9, [{"path": "/etc"}]]
    for event in config["dependencies"]:  # whatever a page offers, with whatever comes
        for data in forged:
            post({"fn_index": event["id"], "data": data, "session_hash": "evil"})
    for body in b"", b"{", b"[1]", b"\xff", b"x" * 70_000, {"fn_index": 10**9, "data": []}:
        assert post(body) >= 400
    sockets = [
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) for _ in range(200)
    ]
    for i, each in enumerate(sockets):
        each.send(b"GET /gradio_api/heartbeat/x HTTP/1.1\r\nHost: x\r\n\r\n" if i % 2 else b"GET")
    for each in sockets:
        each.close()
    wait_for_step(page, step(page) + 30)
    press(page, "Pause")
    rest(page)
    assert "onerror" not in page.content()
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["sitecustomize.py"]
