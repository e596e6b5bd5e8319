"""The page "Latent space": what its server answers, and the page in a real browser."""

import base64
import io
import json
import re
import urllib.request

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from demos import app, latent_space
from tests.test_widgets_pad import at, told

LAPTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
REFUSAL = "A point is two numbers from -3 to 3."
FORGED = [
    *(None, 1, "0, 0", {"z": 1}, [], [1], [0, 0, 0], ["1", "2"], [None, 0], [[0, 0], [0, 0]]),
    *([float("nan"), 0], [0, float("inf")], [1e300, 0], [3.001, 0], [10**400, 0], ["x" * 10**6, 0]),
]


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


# The server


def test_the_answer_is_the_decoders_and_depends_on_nothing_else():
    first = latent_space.answer([0.5, -1.2])
    assert base64.b64decode(first) == latent_space.plane.look([0.5, -1.2])
    assert latent_space.answer([0, 0]) != first
    assert latent_space.answer([0.5, -1.2]) == first


def test_the_corners_of_the_plane_are_on_it():
    for corner in [3, -3], [-3.0, 3.0]:
        assert latent_space.ask(corner).keys() == {"picture"}


@pytest.mark.parametrize("point", FORGED)
def test_a_forged_point_is_refused_in_one_sentence(point):
    with pytest.raises(gr.Error) as error:
        latent_space.answer(point)
    assert error.value.message == REFUSAL
    assert latent_space.ask(point) == {"refusal": REFUSAL}


def test_the_decoder_has_learned():
    """Different places are different digits, and what is written is black and white."""
    places = [[-2, 0], [2, 0], [0, 2], [0, -2]]
    shown = [pixels(latent_space.plane.look(place))[::28, ::28, 0] for place in places]
    for i, one in enumerate(shown):
        assert one.max() > 200 and one.min() < 20
        for other in shown[:i]:
            assert abs(one.astype(int) - other).mean() > 20


# The page


@pytest.fixture(scope="module")
def address():
    """Of the app that has this page among others, served in this process."""
    port = app._serve(app.demo, "127.0.0.1", None)
    yield f"http://127.0.0.1:{port}"
    app.demo.close()


@pytest.fixture
def visit(browser, address):
    """visit() opens the page as another visitor; `page.asked`: the points that it asked for."""
    contexts, outside = [], []

    def open_page(viewport=LAPTOP, scheme="light", url=f"{address}/latent-space", **more):
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, **more))
        page = contexts[-1].new_page()
        page.asked, page.open = [], [0]
        here = (url.removesuffix("/latent-space"), "data:", "blob:")

        def asked(request):
            if not request.url.startswith(here):
                outside.append(request.url)
            if "component_server" in request.url:
                page.asked.append(request.post_data_json["data"])
                page.open.append(page.open[-1] + 1)

        def done(request):
            if "component_server" in request.url:
                page.open.append(page.open[-1] - 1)

        page.on("request", asked)
        page.on("requestfinished", done)
        page.goto(url)
        page.wait_for_function("document.querySelector('.genart-answer')?.width > 0")
        shows(page, [0, 0])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []  # whatever a test did, the page asked nobody but the app


def answer(page):
    """The answer's pixels, (H, W, 3)."""
    url = page.locator(".genart-answer").evaluate("canvas => canvas.toDataURL()")
    return pixels(base64.b64decode(url.split(",")[1]))


def point_of(page):
    numbers = re.findall(r"= (−?\d\.\d\d)", told(page))
    return [float(number.replace("−", "-")) for number in numbers]


def shows(page, point):
    """Wait until the answer is the decoder's own, to the pixel."""
    wanted = pixels(latent_space.plane.look(point))
    for _ in range(200):
        shown = answer(page)
        if shown.shape == wanted.shape and (shown == wanted).all():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the answer is not the decoder's at {point}")


def test_a_drag_changes_the_picture_to_the_decoders_answer(visit):
    page = visit()
    before = answer(page)
    page.mouse.move(*at(page, 0, 0))
    page.mouse.down()
    page.mouse.move(*at(page, -2, -1.5), steps=40)
    page.mouse.up()
    assert point_of(page) == pytest.approx([-2, -1.5], abs=0.01)
    shows(page, point_of(page))
    assert (answer(page) != before).mean() > 0.1


def test_one_question_at_a_time_and_the_last_point_is_asked(visit):
    page = visit()

    def slowly(route):
        page.wait_for_timeout(150)
        route.continue_()

    page.route("**/component_server/", slowly)
    page.mouse.move(*at(page, 0, 0))
    page.mouse.down()
    page.mouse.move(*at(page, 2, 1), steps=60)
    page.mouse.up()
    shows(page, point_of(page))
    assert page.asked[-1] == point_of(page)
    assert 2 <= len(page.asked) < 61
    assert max(page.open) == 1


def test_a_question_that_fails_does_not_end_the_page(visit):
    page = visit()
    page.get_by_role("slider").focus()
    page.route("**/component_server/", lambda route: route.fulfill(status=500, body="{}"))
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(300)
    page.unroute("**/component_server/")
    page.keyboard.press("ArrowUp")
    shows(page, [0, 0.2])


def test_the_arrow_keys_move_by_a_tenth(visit):
    page = visit(LAPTOP | {"height": 600})  # so low that the page could scroll
    page.get_by_role("slider").focus()
    before = page.evaluate("scrollY")
    for key, point in [
        ("ArrowRight", [0.1, 0]),
        ("ArrowDown", [0.1, -0.1]),
        ("Shift+ArrowUp", [0.1, 0.4]),
        ("ArrowLeft", [0, 0.4]),
        ("Home", [0, 0]),
    ]:
        page.keyboard.press(key)
        shows(page, point)
        assert point_of(page) == point
    assert page.evaluate("scrollY") == before


def test_two_visitors_never_disturb_each_other(visit):
    ann, bob = visit(), visit()
    ann.mouse.click(*at(ann, 1, 1))
    bob.mouse.click(*at(bob, -1, 2))
    for page in ann, bob:
        shows(page, point_of(page))
    assert point_of(ann) == pytest.approx([1, 1], abs=0.01)
    assert point_of(bob) == pytest.approx([-1, 2], abs=0.01)


def test_on_a_phone_a_finger_drags_the_point_and_not_the_page(visit):
    page = visit(PHONE, has_touch=True)
    plane = page.locator(".genart-plane").bounding_box()
    below = page.locator(".genart-answer").bounding_box()
    assert below["y"] > plane["y"] + plane["height"]
    assert below["y"] + below["height"] < PHONE["height"]  # both are seen at once
    for edge in page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]"):
        assert edge == PHONE["width"]

    finger = page.context.new_cdp_session(page)
    for kind, place in [("Start", (0, 0)), *[("Move", (0.1 * i, 0.2 * i)) for i in range(1, 11)]]:
        x, y = at(page, *place)
        touch = {"type": f"touch{kind}", "touchPoints": [{"x": x, "y": y}]}
        finger.send("Input.dispatchTouchEvent", touch)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    shows(page, point_of(page))
    assert point_of(page) == pytest.approx([1, 2], abs=0.02)
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_words_and_ticks_wear_the_theme_of_the_browser(visit, scheme, dark):
    page = visit(scheme=scheme)
    for name, style in [("p", "color"), (".genart-plane text", "fill")]:
        ink = page.locator(f".genart-pad {name}").last.evaluate(
            "(node, style) => getComputedStyle(node)[style]", style
        )
        shade = [int(number) for number in re.findall(r"\d+", ink)[:3]]
        assert (min(shade) > 190) if dark else (max(shade) < 65)


def test_a_forged_question_gets_a_sentence_and_harms_nobody(visit, address):
    page = visit()
    [pad] = [block for block in app.demo.blocks.values() if getattr(block, "server_fns", [])]
    send = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    for point in FORGED:
        if point == [10**400, 0]:
            continue  # no JSON of today
        about = {"session_hash": "x", "component_id": pad._id, "fn_name": "ask", "data": point}
        headers = {"Content-Type": "application/json"}
        url = f"{address}/gradio_api/component_server/"
        request = urllib.request.Request(url, json.dumps(about).encode(), headers)
        assert json.load(send(request)) == {"refusal": REFUSAL}
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    shows(page, [0.1, 0])


def test_the_page_works_alone(visit):
    port = app._serve(latent_space.demo, "127.0.0.1", None)
    try:
        page = visit(url=f"http://127.0.0.1:{port}")
        page.mouse.click(*at(page, 1.5, -1))
        shows(page, point_of(page))
        assert point_of(page) == pytest.approx([1.5, -1], abs=0.01)
    finally:
        latent_space.demo.close()
