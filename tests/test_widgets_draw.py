"""The drawing pad: its JavaScript alone, its widget without a browser, and both in JupyterLab."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from genart_edu.data.catalogue import load
from genart_edu.data.drawing import drawing
from genart_edu.views.browser import sources
from genart_edu.widgets.draw import DrawPad
from tests.jupyterlab import IDLE, opened, run_all

WIDGET = "application/vnd.jupyter.widget-view+json"
SHEET = ".genart-sheet"

# A model as anywidget's, which keeps a copy of all that it is asked to save.
SETUP = """async ([source, css, state]) => {
  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const heard = {};
  Object.assign(window, { state, saved: [] });
  window.set = (name, value) => { state[name] = value; heard[`change:${name}`]?.(); };
  const model = {
    get: (name) => state[name],
    set: window.set,
    on: (name, f) => { heard[name] = f; },
    save_changes: () => saved.push(structuredClone(state)),
  };
  document.head.appendChild(document.createElement("style")).textContent = css;
  module.default.render({ model, el: document.body.appendChild(document.createElement("div")) });
}"""
STATE = {"strokes": [], "extent": 1.5, "label": "Train on it", "chosen": 0, "error": ""}
HINT = "Draw with mouse or finger, or with the arrow keys and Space."
NEAR = 0.012  # of the plane: a pixel of the sheet, which is about 400 wide
NOTEBOOK = [
    """
from genart_edu.widgets.draw import DrawPad

names = []

def use(name):
    names.append(name)
    if len(names) == 1:
        raise ValueError("Not this one.")

pad = DrawPad(use)
pad""",
    "print(names[-1])",
]


def put(page):
    page.goto("about:blank")
    source, css = sources("draw")
    page.evaluate(SETUP, [source, css, STATE])
    return page


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield put(page)
    page.close()


@pytest.fixture
def phone(browser):
    context = browser.new_context(viewport={"width": 320, "height": 560}, has_touch=True)
    yield put(context.new_page())
    context.close()


def at(page, x, y):
    """Where a point of the plane is on the screen."""
    box = page.locator(SHEET).bounding_box()
    right, down = (1 + x / 1.5) / 2, (1 - y / 1.5) / 2
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def draw(page, *points):
    """A stroke by mouse."""
    page.mouse.move(*at(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*at(page, *point))
    page.mouse.up()


def strokes(page):
    return page.evaluate("state.strokes")


def shown(page):
    """The strokes as they are painted, in the plane."""
    path = page.locator(".genart-ink").get_attribute("d") or ""
    lines = [part.removesuffix("h0").split("L") for part in path.split("M")[1:]]
    pairs = [[pair.split() for pair in line] for line in lines]
    return [[[float(x), -float(y)] for x, y in line] for line in pairs]


def told(page):
    return page.locator("[aria-live=polite]").inner_text()


def press(page, name):
    page.get_by_role("button", name=name).click()


# The view


def test_a_stroke_by_mouse_arrives_in_the_plane(page):
    points = [(-1, -1), (-0.5, 1.2), (0.3, 0.1), (1.4, 0.1)]
    page.mouse.move(*at(page, 0, 0))
    assert strokes(page) == [] and told(page) == HINT  # nobody pressed
    draw(page, *points)
    [stroke] = strokes(page)
    assert len(stroke) == 4 and abs(np.array(stroke) - points).max() < NEAR
    assert shown(page) == [stroke] and told(page) == "1 stroke"
    draw(page, (0, -1), (1, -1))
    assert strokes(page)[0] == stroke and len(strokes(page)) == len(shown(page)) == 2
    assert told(page) == "2 strokes"


def test_a_stroke_is_seen_while_it_is_drawn_and_saved_once_at_its_end(page):
    page.mouse.move(*at(page, -1, 0))
    page.mouse.down()
    for x in (-0.5, 0, 0.5):
        page.mouse.move(*at(page, x, 0))
        assert abs(shown(page)[0][-1][0] - x) < NEAR
    assert page.evaluate("saved.length") == 0 and told(page) == "1 stroke"
    page.mouse.up()
    assert page.evaluate("saved.map(state => state.strokes.length)") == [1]


def test_what_the_host_sets_is_shown_even_while_one_draws(page):
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.down()
    page.evaluate("set('strokes', [[[0, 1], [1, -1]]])")
    assert shown(page)[0] == [[0, 1], [1, -1]] and len(shown(page)) == 2
    page.mouse.up()
    assert strokes(page)[0] == [[0, 1], [1, -1]] and len(strokes(page)) == 2


def test_a_click_is_a_dot_that_is_seen(page):
    page.mouse.click(*at(page, 0.5, -0.5))
    [[dot]] = strokes(page)
    assert abs(np.array(dot) - (0.5, -0.5)).max() < NEAR
    shot = Image.open(io.BytesIO(page.locator(SHEET).screenshot())).convert("RGB")
    rows, columns = (np.asarray(shot) == (0x00, 0x72, 0xB2)).all(-1).nonzero()
    middle, wide = np.array([columns.mean(), rows.mean()]) + 0.5, shot.width / 3
    assert middle == pytest.approx([2 * wide, 2 * wide], abs=1)
    assert len(rows) == pytest.approx(math.pi * (0.06 * wide) ** 2, rel=0.25)  # its rim is smooth


def test_ink_ends_at_the_edge(page):
    draw(page, (1.2, 0), (2.5, 0.3), (1.4, 9))
    ends = np.array(strokes(page)[0])
    assert ends[1] == pytest.approx([1.5, 0.3], abs=NEAR) and ends[2, 1] == 1.5
    assert abs(ends).max() == 1.5


def test_other_buttons_and_pointers_do_not_draw(page):
    page.mouse.click(*at(page, 0, 0), button="right")
    assert strokes(page) == []
    page.mouse.move(*at(page, -1, 0))
    page.mouse.down()
    page.locator(SHEET).dispatch_event("pointerdown", {"pointerId": 9, "button": 0})
    page.locator(SHEET).dispatch_event("pointermove", {"pointerId": 9, "clientX": 5})
    page.mouse.move(*at(page, 0, 0))
    page.mouse.up()
    [stroke] = strokes(page)
    assert abs(np.array(stroke) - [(-1, 0), (0, 0)]).max() < NEAR


def test_no_place_between_two_frames_is_lost(page):
    """A pointer that moves faster than the screen: one event holds several places."""
    page.mouse.move(*at(page, -1, 0))
    page.mouse.down()
    places = [at(page, x, 0.5) for x in (-0.5, 0, 0.5)]
    page.evaluate(
        """places => {
      const all = places.map(([clientX, clientY]) => new PointerEvent("x", { clientX, clientY }));
      const [clientX, clientY] = places.at(-1);
      const event = new PointerEvent("pointermove", { clientX, clientY, pointerId: 1 });
      event.getCoalescedEvents = () => all;
      document.querySelector(".genart-sheet").dispatchEvent(event);
    }""",
        places,
    )
    page.mouse.up()
    [stroke] = strokes(page)
    wanted = [(-1, 0), (-0.5, 0.5), (0, 0.5), (0.5, 0.5)]
    assert abs(np.array(stroke) - wanted).max() < NEAR


def test_a_finger_draws_and_does_not_move_the_page(phone):
    phone.evaluate("document.body.style.height = '3000px'")
    touch = phone.context.new_cdp_session(phone)

    def send(kind, *points):
        places = [dict(zip("xy", at(phone, *point), strict=True)) for point in points]
        fingers = [place | {"id": i} for i, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    send("touchStart", (0, 1))
    for y in (0.5, 0, -0.5):
        send("touchMove", (0, y))
    send("touchStart", (0, -0.5), (1, 1))  # a second finger
    send("touchMove", (0, -1), (1, 0))
    send("touchEnd")
    phone.wait_for_function("state.strokes.length > 0")
    [stroke] = np.array(strokes(phone))
    assert abs(stroke[:, 0]).max() < 0.02 and stroke[0, 1] == pytest.approx(1, abs=0.02)
    assert stroke[-1, 1] == pytest.approx(-1, abs=0.02) and (np.diff(stroke[:, 1]) < 0).all()
    assert phone.evaluate("scrollY") == 0


def test_all_of_it_fits_on_a_phone(phone):
    phone.evaluate(
        "set('error', 'A sentence that is as long as what Python has to say. '.repeat(3))"
    )
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in phone.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 44
    assert phone.locator(SHEET).bounding_box()["width"] > 240


def test_undo_takes_the_last_stroke_and_clear_all(page):
    for y in (1, 0, -1):
        draw(page, (-1, y), (1, y))
    first = strokes(page)
    press(page, "Undo")
    assert strokes(page) == shown(page) == first[:2] and told(page) == "2 strokes"
    press(page, "Clear")
    assert strokes(page) == shown(page) == [] and told(page) == HINT
    press(page, "Undo")
    assert strokes(page) == []
    assert page.evaluate("saved.map(state => state.strokes.length)") == [1, 2, 3, 2, 0, 0]


def test_the_button_sends_the_drawing_each_time(page):
    button = page.get_by_role("button", name="Train on it")
    assert button.is_disabled()
    draw(page, (-1, 0), (1, 0))
    page.evaluate("set('error', 'No.')")
    for times in (1, 2):
        button.click()
        last = page.evaluate("saved.at(-1)")
        assert (last["chosen"], last["error"], last["strokes"]) == (times, "", strokes(page))
    page.evaluate("set('label', 'Take it')")
    assert page.get_by_role("button").all_inner_texts() == ["Undo", "Clear", "Take it"]
    press(page, "Clear")
    assert page.get_by_role("button", name="Take it").is_disabled()


def test_an_error_is_told_with_a_sign_until_the_drawing_changes(page):
    error = page.get_by_role("alert")
    assert not error.is_visible()
    page.evaluate("set('error', 'Too much <b>ink</b>.')")
    assert error.inner_text() == "Too much <b>ink</b>."
    assert "⚠" in error.evaluate("error => getComputedStyle(error, '::before').content")
    page.mouse.click(*at(page, 0, 0))
    assert not error.is_visible() and page.evaluate("state.error") == ""


def test_the_keyboard_is_enough(page):
    page.keyboard.press("Tab")
    assert page.locator(SHEET).evaluate("sheet => sheet === document.activeElement")
    assert page.locator(".genart-cross").is_visible()
    for key, line in [
        ("ArrowRight", "0 strokes, cross at (0.10, 0.00)"),
        ("Shift+ArrowUp", "0 strokes, cross at (0.10, 0.50)"),
        ("Control+ArrowUp", "0 strokes, cross at (0.10, 0.50)"),  # not ours
        ("Shift+Enter", "0 strokes, cross at (0.10, 0.50)"),  # nor this
        ("Space", "1 stroke"),
        ("Shift+ArrowLeft", "1 stroke, cross at (−0.40, 0.50)"),
        ("ArrowDown", "1 stroke, cross at (−0.40, 0.40)"),
        ("Enter", "2 strokes"),
    ]:
        page.keyboard.press(key)
        assert told(page) == line
    assert strokes(page) == shown(page) == [[[0.1, 0.5]], [[-0.4, 0.4]]]
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    assert told(page) == "2 strokes, cross at (1.50, 0.40)"
    box = page.locator(".genart-cross").bounding_box()
    assert box["x"] + box["width"] / 2 == pytest.approx(at(page, 1.5, 0)[0], abs=1)
    for name, left in [("Undo", 1), ("Clear", 0)]:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == name
        page.keyboard.press("Enter")
        assert len(strokes(page)) == left
    page.evaluate("set('strokes', [[[0, 0]]])")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("saved.at(-1).chosen") == 1


def test_ticks_stand_where_they_should(page):
    texts = page.locator(".genart-sheet text")
    assert texts.all_text_contents() == ["−1", "−1", "0", "0", "1", "1"]
    for i, z in enumerate((-1, 0, 1)):
        below, left = (texts.nth(2 * i + k).bounding_box() for k in (0, 1))
        assert below["x"] + below["width"] / 2 == pytest.approx(at(page, z, 0)[0], abs=1)
        assert left["y"] + left["height"] / 2 == pytest.approx(at(page, 0, z)[1], abs=3)


# The widget


@pytest.fixture
def made():
    names: list[str] = []
    pad = DrawPad(names.append)
    yield pad, names
    pad.close()


def test_the_widget_offers_what_the_javascript_reads(made):
    pad, _ = made
    assert STATE | pad.get_state(list(STATE)) == STATE


def test_what_is_drawn_is_used_by_its_name(made):
    pad, names = made
    strokes = [[[0.123, -1], [1, 1]], [[0, 0]]]
    pad.set_state({"strokes": strokes, "chosen": 1, "error": ""})  # as the browser says it
    assert names == [drawing(strokes)] and load(names[0]).name == names[0]
    assert (pad.strokes, pad.error) == (strokes, "")
    pad.strokes = [[[1, 1]]]
    assert len(names) == 1  # nobody pressed
    assert pad.choose() is pad and names[1:] == ["drawn:1.00 1.00"]


@pytest.mark.parametrize(
    "strokes", [[], None, 3, "abc", [1], [[[9, 9]]], [[[0, 0]]] * 99, {"a": 1}]
)
def test_bad_strokes_come_back_as_a_sentence(made, strokes):
    pad, names = made
    pad.set_state({"strokes": strokes, "chosen": 1})
    assert names == [] and pad.error.startswith("A drawing ") and pad.error.endswith(".")
    bundle, about = pad._repr_mimebundle_()
    assert bundle["text/plain"] == "Drawing pad" and "image/png" not in {**bundle, **about}
    pad.set_state({"strokes": [[[0, 0]]], "error": "", "chosen": 2})
    assert (names, pad.error) == (["drawn:0.00 0.00"], "")


def test_what_its_user_refuses_comes_back_as_a_sentence():
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not for me.")

    pad = DrawPad(refuse, strokes=[[[0, 1]]])
    assert pad.choose().error == "drawn:0.00 1.00 is not for me."
    pad.use = print
    assert pad.choose().error == ""
    pad.close()


def test_where_no_kernel_runs_there_is_the_target_and_a_line(made):
    pad, _ = made
    pad.strokes = [[[-1, -1], [1, 1]], [[1, -1]]]
    bundle, about = pad._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"] == pad.model_id
    assert bundle["text/plain"] == "Drawing pad, strokes: 2"
    assert about["image/png"]["alt"] == "Your target: samples of what is drawn"
    picture = np.asarray(Image.open(io.BytesIO(bundle["image/png"])).convert("RGB"), dtype=int)
    blue = picture[..., 2] - picture[..., 0] > 100
    height, width = blue.shape
    assert 0.01 < blue.mean() < 0.2
    assert (height, width) == tuple(2 * about["image/png"][side] for side in ("height", "width"))


# JupyterLab


def test_in_jupyterlab_a_drawing_reaches_python_and_a_refusal_the_page(browser, tmp_path_factory):
    with opened(browser, tmp_path_factory, NOTEBOOK) as page:
        run_all(page)
        page.locator(SHEET).scroll_into_view_if_needed()
        draw(page, (-1, -1), (1, 1))
        for key in "ArrowUp", "Enter", "Shift+ArrowDown", "Space":  # keys of the notebook's, too
            page.keyboard.press(key)
        page.wait_for_function("() => document.body.innerText.includes('3 strokes')")
        active = "cells => cells.map(cell => cell.classList.contains('jp-mod-active'))"
        assert page.locator(".jp-CodeCell").evaluate_all(active) == [True, False]
        press(page, "Train on it")
        alert = page.locator(".genart-error")
        alert.wait_for(state="visible")
        assert alert.inner_text() == "Not this one."
        press(page, "Train on it")
        alert.wait_for(state="hidden")
        page.locator(".jp-CodeCell .cm-content").last.click()
        page.keyboard.press("Control+Enter")
        page.wait_for_function("() => document.body.innerText.includes('drawn:')")
        page.wait_for_selector(IDLE)
        name = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").inner_text()
        line, *dots = name.strip().removeprefix("drawn:").split(";")
        assert np.array(line.split(), dtype=float) == pytest.approx([-1, -1, 1, 1], abs=0.02)
        assert dots == ["0.00 0.10", "0.00 -0.40"]
