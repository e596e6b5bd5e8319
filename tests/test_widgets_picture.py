"""The live picture: its JavaScript alone, as another page would use it, and both in JupyterLab."""

import ast
import io
import json
from base64 import b64encode

import numpy as np
import pytest
import traitlets
from matplotlib.colors import to_rgb
from PIL import Image

from genart_edu.views.browser import sources
from genart_edu.views.png import png
from genart_edu.views.style import DARK, LIGHT
from genart_edu.widgets.picture import Picture
from tests.jupyterlab import IDLE, opened, run_all

# A model as anywidget's, which tells what it was asked to save, and one picture on the page.
SETUP = """async ([source, css, state]) => {
  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const heard = {};
  window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  window.set = (name, value) => { state[name] = value; heard[`change:${name}`](); };
  window.saved = [];
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    on: (name, f) => { heard[name] = f; },
    save_changes: () => saved.push(state.pressed),
  };
  document.head.appendChild(document.createElement("style")).textContent = css;
  module.default.render({ model, el: document.body });
}"""
PIXELS = """() => {
  const canvas = document.querySelector("canvas");
  if (canvas.width === 0) return null;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.height, canvas.width, [...data]];
}"""
RNG = np.random.default_rng(0)
FRAMES = [RNG.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((4, 6), (4, 6), (5, 3))]
STATE = {
    "alt": "losses over steps",
    "status": "Step 7, kl 1.20 nats.",
    "caption": "**KL**: <b>nats</b> & more. **-ELBO**: their sum.",
    "playing": False,
}


def text(frame):
    return b64encode(png(frame)).decode()


@pytest.fixture
def blank(browser):
    page = browser.new_page()
    page.goto("about:blank")
    yield page
    page.close()


@pytest.fixture
def page(blank):
    """The picture of a host that offers no `pressed`."""
    blank.evaluate(SETUP, [*sources("picture"), STATE | {"png": text(FRAMES[0])}])
    return blank


@pytest.fixture
def keys(blank):
    """A picture that takes keys, on a page that is long enough to scroll."""
    state = STATE | {"png": text(np.full((90, 160, 3), 200, np.uint8)), "pressed": ["", 0]}
    blank.evaluate(SETUP, [*sources("picture"), state])
    blank.evaluate("document.body.style.height = '9000px'")
    blank.wait_for_function("document.querySelector('canvas').width === 160")
    return blank


def shows(page, frame):
    """Wait until the canvas shows `frame`, to the pixel."""
    opaque = np.concatenate([frame, np.full((*frame.shape[:2], 1), 255, np.uint8)], axis=-1)
    wanted = [*frame.shape[:2], opaque.ravel().tolist()]
    same = f"(wanted) => JSON.stringify(({PIXELS})()) === wanted"
    page.wait_for_function(same, arg=json.dumps(wanted, separators=(",", ":")))


def test_base64_text_and_bytes_are_shown_to_the_pixel(page):
    shows(page, FRAMES[0])
    page.evaluate("(text) => set('png', text)", text(FRAMES[1]))
    shows(page, FRAMES[1])
    page.evaluate("(text) => set('png', bytes(text))", text(FRAMES[2]))
    shows(page, FRAMES[2])


def test_words_change_with_the_picture_that_they_come_with(page):
    """The numbers of step 8 never stand below the picture of step 7; alone they change at once."""
    shows(page, FRAMES[0])
    seen = page.evaluate(
        f"""async (text) => {{
      const decode = window.createImageBitmap;
      let decoded;
      const held = new Promise((done) => (decoded = done));
      window.createImageBitmap = async (blob) => {{ await held; return decode(blob); }};
      const seen = [];
      const look = async () => {{
        await new Promise(requestAnimationFrame);
        seen.push([document.querySelector("[role=status]").innerText, ({PIXELS})()[2][0]]);
      }};
      set("status", "alone");
      await look();
      set("status", "step 8"), set("png", text); // in either order
      await look();
      decoded();
      while (seen.at(-1)[0] === "alone") await look();
      return seen;
    }}""",
        text(FRAMES[1]),
    )
    old, new = (int(frame[0, 0, 0]) for frame in FRAMES[:2])
    assert seen[:2] == [["alone", old]] * 2 and seen[-1] == ["step 8", new]


def test_words_are_said_where_a_picture_cannot_be_shown(page):
    page.evaluate("() => { set('png', 'bm8='); set('status', 'no picture'); }")
    page.wait_for_function(
        "document.querySelector('[role=status]').innerText === 'no picture'", timeout=5_000
    )


def test_no_picture_is_ever_empty_or_older_than_the_one_before(page):
    """Fifty pictures at once, each a shade lighter, the first ones slow to decode."""
    shows(page, FRAMES[0])
    greys = [text(np.full((2, 2, 3), 5 * i, np.uint8)) for i in range(50)]
    seen = page.evaluate(
        f"""async (greys) => {{
      const decode = window.createImageBitmap;
      let waiting = greys.length, decoded = 0;
      window.createImageBitmap = async (blob) => {{
        const slow = 2 * waiting--;
        await new Promise((done) => setTimeout(done, slow));
        decoded++;
        return decode(blob);
      }};
      for (const grey of greys) set("png", grey);
      const seen = [];
      for (let rest = 10; rest > 0; rest -= decoded === greys.length) {{
        await new Promise(requestAnimationFrame);
        seen.push(({PIXELS})()[2].slice(0, 4));
      }}
      return seen;
    }}""",
        greys,
    )
    start = FRAMES[0][0, 0].tolist()
    shades = [red for red, green, blue, _ in seen if [red, green, blue] != start]
    assert all(alpha == 255 for *_, alpha in seen)
    assert shades == sorted(shades) and shades[-1] == 245


def test_it_is_told_in_words(page):
    canvas, status = page.get_by_role("img"), page.get_by_role("status")
    assert canvas.get_attribute("aria-label") == "losses over steps"
    assert status.inner_text() == "Step 7, kl 1.20 nats."
    caption = page.locator(".genart-caption")
    assert caption.inner_text() == "KL: <b>nats</b> & more. -ELBO: their sum."
    assert caption.locator("strong").all_inner_texts() == ["KL", "-ELBO"]
    page.evaluate("set('status', 'Step 8.')")
    assert status.inner_text() == "Step 8."


def test_a_screen_reader_is_spared_while_it_plays(page):
    status = page.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    page.evaluate("set('playing', true)")
    assert status.get_attribute("aria-live") == "off"
    page.evaluate("set('playing', false)")
    assert status.get_attribute("aria-live") == "polite"


# The keyboard


def focused(page):
    return page.evaluate("document.activeElement === document.querySelector('canvas')")


def scrolled(page):
    """How far, once the next frames have shown what was done before."""
    page.wait_for_timeout(200)
    return page.evaluate("scrollY")


def test_the_keyboard_is_enough(keys):
    keys.keyboard.press("Tab")
    assert focused(keys)
    pressed = "Space", "ArrowRight", "ArrowRight", "ArrowLeft", "Home", "End", "Space"
    for key in pressed:
        keys.keyboard.press(key)
    names = "play", "step", "step", "back", "first", "last", "play"
    assert keys.evaluate("saved") == [[name, i] for i, name in enumerate(names, start=1)]
    assert scrolled(keys) == 0 and focused(keys)


def test_a_click_is_enough_to_let_it_hear(keys):
    keys.keyboard.press("Space")
    assert keys.evaluate("saved") == []
    keys.evaluate("scrollTo(0, 0)")
    keys.get_by_role("img").click()
    assert focused(keys) and keys.evaluate("saved") == []
    keys.keyboard.press("ArrowLeft")
    assert keys.evaluate("saved") == [["back", 1]]


def test_a_key_that_is_held_down_steps_on_but_does_not_flutter(keys):
    keys.keyboard.press("Tab")
    for key in "Space", "ArrowRight":
        for _ in range(3):
            keys.keyboard.down(key)
        keys.keyboard.up(key)
    assert keys.evaluate("saved") == [["play", 1], *(["step", n] for n in (2, 3, 4))]
    assert scrolled(keys) == 0


@pytest.mark.parametrize("key", ["Control+End", "Alt+ArrowLeft", "Meta+ArrowRight", "a", "Enter"])
def test_other_keys_are_not_its_own(keys, key):
    keys.keyboard.press("Tab")
    keys.evaluate("() => { onkeydown = (event) => { left = !event.defaultPrevented; }; }")
    keys.keyboard.press(key)
    assert keys.evaluate("saved") == [] and keys.evaluate("left")


def test_without_somebody_who_listens_it_takes_no_keys(page):
    shows(page, FRAMES[0])
    page.keyboard.press("Tab")
    assert not focused(page)
    page.get_by_role("img").click()
    assert not focused(page)
    page.keyboard.press("Space")
    assert page.evaluate("saved") == []
    names = page.locator("canvas").evaluate("canvas => canvas.getAttributeNames()")
    assert not {"tabindex", "aria-keyshortcuts", "aria-description"} & set(names)


def contrast(first, second):
    """WCAG 2.2, relative luminance: of two colours in [0, 1]."""
    linear = [
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        for c in (np.array(first), np.array(second))
    ]
    low, high = sorted(c @ [0.2126, 0.7152, 0.0722] for c in linear)
    return (high + 0.05) / (low + 0.05)


def ring(page, canvas):
    """The colours around a picture, 4 pixels off its left, right, upper and lower edge."""
    box = canvas.bounding_box()
    around = {"x": box["x"] - 8, "y": box["y"] - 8}
    around |= {"width": box["width"] + 16, "height": box["height"] + 16}
    pixels = Image.open(io.BytesIO(page.screenshot(clip=around))).convert("RGB")
    wide, high = pixels.width - 1, pixels.height - 1
    places = (4, high // 2), (wide - 4, high // 2), (wide // 2, 4), (wide // 2, high - 4)
    return {pixels.getpixel(place) for place in places}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("way", ["Tab", "click"])
def test_who_hears_has_a_ring_that_is_seen(keys, theme, way):
    keys.evaluate(f"document.body.style = 'margin: 20px; background: {theme.background}'")
    canvas = keys.get_by_role("img")
    (before,) = ring(keys, canvas)
    assert before == tuple(round(255 * c) for c in to_rgb(theme.background))
    keys.keyboard.press("Tab") if way == "Tab" else canvas.click()
    (after,) = ring(keys, canvas)
    assert contrast(np.array(before) / 255, np.array(after) / 255) >= 3


def test_a_screen_reader_is_told_what_it_is_and_its_keys(keys):
    devtools = keys.context.new_cdp_session(keys)
    nodes = devtools.send("Accessibility.getFullAXTree")["nodes"]
    (node,) = (n for n in nodes if n["role"]["value"] in ("img", "image"))
    assert node["name"]["value"] == STATE["alt"]
    hint = "Space: play or pause. Right, left: a step on, back. Home, End: first, last."
    assert node["description"]["value"] == hint
    told = {p["name"]: p["value"]["value"] for p in node["properties"]}
    assert told["focusable"] and told["keyshortcuts"] == "Space ArrowRight ArrowLeft Home End"


# The widget


def test_the_widget_offers_what_the_javascript_reads():
    assert set(STATE) | {"png", "pressed"} <= set(Picture().keys)


def test_it_hears_what_the_page_says():
    picture, heard = Picture(), []
    picture.observe(lambda change: heard.append(change["new"]), "pressed")
    for said in ["step", 1], ["step", 2], ["explode", -7]:
        picture.set_state({"pressed": said})
    assert heard == [("step", 1), ("step", 2), ("explode", -7)]


@pytest.mark.parametrize("said", ["step", 7, [], ["step"], ["step", "2"], [["step"], 2], {"a": 1}])
def test_what_is_no_press_is_refused_and_nothing_changes(said):
    picture = Picture(pressed=("step", 1))
    with pytest.raises(traitlets.TraitError):
        picture.set_state({"pressed": said})
    assert picture.pressed == ("step", 1)


# JupyterLab


NOTEBOOK = [
    """
import ipywidgets as widgets
import numpy as np
from genart_edu.views.png import png
from genart_edu.widgets.picture import Picture

picture, heard = Picture(png=png(np.full((300, 500, 3), 200, np.uint8))), []
picture.observe(lambda change: heard.append(change["new"]), "pressed")
panel = widgets.VBox([picture])
panel.add_class("genart-player")
panel""",
    "print(heard)",
    "from time import sleep; sleep(3)",
    *("# so that the notebook is longer than the window\n" * 20,) * 3,
]


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A notebook with a picture in real JupyterLab, run."""
    with opened(browser, tmp_path_factory, NOTEBOOK) as page:
        run_all(page)
        page.wait_for_function("document.querySelector('.genart-picture canvas')?.width === 500")
        yield page


def run_cell(page, i):
    """Run one cell, and come back to the picture."""
    page.locator(".jp-CodeCell .cm-content").nth(i).click()
    page.keyboard.press("Control+Enter")
    page.locator(".genart-picture canvas").click()


def heard(page):
    """What Python has heard: the output of a cell that is run anew."""
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").nth(1)
    before = prompt.inner_text()
    run_cell(page, 1)
    page.wait_for_function(
        "before => ![before, '[*]:'].includes("
        "document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')[1].innerText)",
        arg=before,
    )
    page.wait_for_selector(IDLE)
    output = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    return ast.literal_eval(output.inner_text())


def test_in_jupyterlab_keys_go_to_the_picture_and_not_to_the_notebook(lab):
    page = lab
    canvas = page.locator(".genart-picture canvas")
    canvas.click()
    where = "cells => cells.map(cell => [cell.classList.contains('jp-mod-active'), cell.offsetTop])"
    place = canvas.bounding_box()
    before = page.locator(".jp-CodeCell").evaluate_all(where)
    keys = "Space", "ArrowRight", "ArrowLeft", "ArrowLeft", "Home", "End", "Space"
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(300)  # for Python, and for a notebook that would scroll
    assert canvas.evaluate("canvas => canvas === document.activeElement")
    assert canvas.bounding_box() == place
    assert page.locator(".jp-CodeCell").evaluate_all(where) == before
    assert [active for active, _ in before] == [True, False, False, False, False, False]
    names = "play", "step", "back", "back", "first", "last", "play"
    assert heard(page) == [(name, i) for i, name in enumerate(names, start=1)]


def test_in_jupyterlab_its_ring_is_not_cut_off(lab):
    canvas = lab.locator(".genart-picture canvas")
    canvas.click()
    assert ring(lab, canvas) == {(0, 114, 178)}


def test_in_jupyterlab_a_busy_kernel_hears_the_last_press_and_their_number(lab):
    page = lab
    before = heard(page)
    run_cell(page, 2)
    for key in "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft":
        page.keyboard.press(key)
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1_000)  # the last press is sent when the first has been answered
    new = heard(page)[len(before) :]
    assert new[-1] == ("back", 4 + (before[-1][1] if before else 0))
    assert len(new) <= 4
