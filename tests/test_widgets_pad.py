"""The latent pad: its JavaScript alone, its widget without a browser, and both in JupyterLab."""

import io
import json
import time
from base64 import b64encode

import numpy as np
import pytest
import traitlets
from PIL import Image

from genart_edu.lab.latent import LatentMap
from genart_edu.views.browser import sources
from genart_edu.views.png import png
from genart_edu.widgets.pad import LatentPad
from tests.jupyterlab import IDLE, opened, run_all

WIDGET = "application/vnd.jupyter.widget-view+json"

# A model as anywidget's, which counts what it is asked to save; the pad stands on the page.
SETUP = """async ([source, css, state]) => {
  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const heard = {};
  window.saved = [];
  window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  window.set = (name, value) => { state[name] = value; heard[`change:${name}`](); };
  const model = {
    get: (name) => state[name],
    set: window.set,
    on: (name, f) => { heard[name] = f; },
    save_changes: () => saved.push(state.point),
  };
  document.head.appendChild(document.createElement("style")).textContent = css;
  module.default.render({ model, el: document.body });
}"""
PIXELS = """canvas => {
  if (canvas.width === 0) return null;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return JSON.stringify([canvas.height, canvas.width, [...data]]);
}"""
RNG = np.random.default_rng(0)
FRAMES = [RNG.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((4, 6), (4, 6), (5, 3))]
STATE = {"point": [0.5, -1.2], "extent": 3, "names": ["z₁", "z₂"], "alt": "what is made of z"}
POSTERIOR = ".genart-plane ellipse.genart-line"
NOTEBOOK = [
    """
import time
from genart_edu.lab.latent import LatentMap
from genart_edu.widgets.pad import LatentPad

seen = []

def decode(z):  # slowly: a shade for z1, another for z2
    seen.extend(z.tolist())
    time.sleep(0.2)
    return (z.numpy()[:, None, None] + 4) / 8

pad = LatentPad(LatentMap(decode, 2))
seen.clear()
pad""",
    "print(len(seen), seen[-1] == [round(z, 2) for z in pad.point] or (seen[-1], pad.point))",
]


def text(frame):
    return b64encode(png(frame)).decode()


def shows(page, name, frame):
    """Wait until a canvas shows `frame`, to the pixel."""
    opaque = np.concatenate([frame, np.full((*frame.shape[:2], 1), 255, np.uint8)], axis=-1)
    wanted = json.dumps([*frame.shape[:2], opaque.ravel().tolist()], separators=(",", ":"))
    page.wait_for_function(
        f"([name, wanted]) => ({PIXELS})(document.querySelector(name)) === wanted",
        arg=[name, wanted],
    )


def at(page, z1, z2, extent=3):
    """Where a point of the plane is on the screen."""
    box = page.locator(".genart-plane").bounding_box()
    right, down = (1 + z1 / extent) / 2, (1 - z2 / extent) / 2
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def told(page):
    """The line below the pad, once the next frame has shown what was done before."""
    frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(f"() => {frame}")
    return page.locator(".genart-pad p").inner_text()


def told_by_now(page, line):
    page.wait_for_function(
        "line => document.querySelector('.genart-pad p').innerText === line", arg=line
    )


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.goto("about:blank")
    source, css = sources("pad")
    images = {"background": text(FRAMES[2]), "picture": text(FRAMES[0])}
    page.evaluate(SETUP, [source, css, STATE | images])
    yield page
    page.close()


# The view


def test_base64_text_and_bytes_are_shown_to_the_pixel(page):
    shows(page, ".genart-plane canvas", FRAMES[2])
    shows(page, ".genart-answer", FRAMES[0])
    page.evaluate("(text) => set('picture', text)", text(FRAMES[1]))
    shows(page, ".genart-answer", FRAMES[1])
    page.evaluate("(text) => set('picture', bytes(text))", text(FRAMES[2]))
    shows(page, ".genart-answer", FRAMES[2])


def test_no_answer_is_older_than_the_one_before(page):
    """Twenty answers at once, the first ones slow to decode."""
    shows(page, ".genart-answer", FRAMES[0])
    greys = [np.full((2, 2, 3), 10 * i, np.uint8) for i in range(20)]
    left = page.evaluate(
        """async (greys) => {
      const decode = window.createImageBitmap;
      let waiting = greys.length, decoded = 0;
      window.createImageBitmap = async (blob) => {
        const slow = 5 * waiting--;
        await new Promise((done) => setTimeout(done, slow));
        decoded++;
        return decode(blob);
      };
      for (const grey of greys) set("picture", grey);
      while (decoded < greys.length) await new Promise(requestAnimationFrame);
      await new Promise((done) => setTimeout(done, 100));
      return waiting;
    }""",
        [text(grey) for grey in greys],
    )
    assert left == 0
    shows(page, ".genart-answer", greys[-1])


def test_the_handle_follows_the_pointer_and_stays_on_the_plane(page):
    page.mouse.move(*at(page, 0, 0))
    assert page.evaluate("saved") == []  # nobody pressed
    page.mouse.down()
    for point, line in [
        ((1, 2), "z₁ = 1.00, z₂ = 2.00"),
        ((-1.5, -0.75), "z₁ = −1.50, z₂ = −0.75"),
        ((-9, 3.5), "z₁ = −3.00, z₂ = 3.00"),
    ]:
        page.mouse.move(*at(page, *point))
        told_by_now(page, line)
        box = page.locator(".genart-plane svg svg").first.bounding_box()
        middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
        assert abs(middle - at(page, *np.clip(point, -3, 3))).max() < 1
    page.mouse.up()
    page.mouse.move(*at(page, 1, 1))
    page.wait_for_timeout(100)
    assert page.evaluate("saved.at(-1)") == [-3, 3]


def test_no_frame_saves_twice_and_the_last_point_is_saved(page):
    x, y = at(page, 0, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    moved = page.evaluate(
        """async ([x, y]) => {
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame); // of the press
      saved.length = 0;
      const plane = document.querySelector(".genart-plane");
      const about = { pointerId: 1, isPrimary: true, clientY: y, bubbles: true };
      plane.hasPointerCapture = () => true;
      for (let i = 1; i <= 50; i++)
        plane.dispatchEvent(new PointerEvent("pointermove", { ...about, clientX: x + i }));
      const before = saved.length;
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      return [before, saved];
    }""",
        [x, y],
    )
    wide = page.locator(".genart-plane").bounding_box()["width"]
    assert moved == [0, [[pytest.approx(50 * 6 / wide, abs=0.006), 0]]]


def test_the_keyboard_is_enough(page):
    plane = page.get_by_role("slider")
    page.keyboard.press("Tab")
    assert plane.evaluate("plane => plane === document.activeElement")
    for key, line in [
        ("ArrowRight", "z₁ = 0.60, z₂ = −1.20"),
        ("ArrowUp", "z₁ = 0.60, z₂ = −1.10"),
        ("Shift+ArrowLeft", "z₁ = 0.10, z₂ = −1.10"),
        ("ArrowLeft", "z₁ = 0.00, z₂ = −1.10"),
        ("Shift+ArrowDown", "z₁ = 0.00, z₂ = −1.60"),
        ("Control+ArrowDown", "z₁ = 0.00, z₂ = −1.60"),  # not ours
        ("Home", "z₁ = 0.00, z₂ = 0.00"),
    ]:
        page.keyboard.press(key)
        told_by_now(page, line)
        assert plane.get_attribute("aria-valuetext") == line
    assert page.evaluate("saved.length") == 6


def test_it_is_told_in_words(page):
    plane, answer = page.get_by_role("slider"), page.get_by_role("img")
    assert plane.get_attribute("aria-label") == "Latent plane: z₁ to the right, z₂ up"
    numbers = [plane.get_attribute(f"aria-value{name}") for name in ("min", "now", "max")]
    assert numbers == ["-3", "0.5", "3"]
    assert answer.get_attribute("aria-label") == "what is made of z"
    assert told(page) == "z₁ = 0.50, z₂ = −1.20"
    page.evaluate("set('point', [-0.001, 1])")
    assert told(page) == "z₁ = 0.00, z₂ = 1.00"
    page.evaluate("set('alt', 'a seven')")
    assert answer.get_attribute("aria-label") == "a seven"


def test_ticks_and_the_circles_of_the_prior_stand_where_they_should(page):
    ticks = [f"{z}".replace("-", "−") for z in range(-3, 4) for _ in "xy"]
    words = page.locator(".genart-plane text").all_text_contents()
    assert words == ["1σ", "2σ", *ticks, "z₁", "z₂"]
    wide = page.locator(".genart-plane").bounding_box()["width"]
    circles = page.locator(".genart-plane circle.genart-line")
    for sigma, circle in enumerate(circles.all(), start=1):
        radius = circle.evaluate("circle => circle.r.baseVal.value")
        assert radius == pytest.approx(wide * sigma / 6, abs=1)


def test_a_posterior_is_an_ellipse_of_one_std_and_can_go_again(page):
    assert page.locator(POSTERIOR).count() == 0  # a host that knows of none
    for mean, std in [((1, -2), (0.5, 0.25)), ((-2.9, 2.5), (1, 0.1))]:
        page.evaluate("ellipse => set('ellipse', ellipse)", [*mean, *std])
        assert page.locator(POSTERIOR).count() == 1
        names = "[cx, cy, rx, ry].map(length => length.baseVal.value)"
        shown = page.locator(POSTERIOR).evaluate(f"({{ cx, cy, rx, ry }}) => {names}")
        plane = page.locator(".genart-plane").bounding_box()
        middle = np.subtract(at(page, *mean), (plane["x"], plane["y"]))
        radii = np.multiply(std, plane["width"] / 6)
        assert np.allclose(shown, [*middle, *radii], atol=0.5)
    page.evaluate("set('ellipse', null)")
    assert page.locator(POSTERIOR).count() == 0
    page.evaluate("set('ellipse', [0, 0, 1, 1])")
    page.mouse.click(*at(page, 0.5, 0))  # it lies below nobody's finger
    told_by_now(page, "z₁ = 0.50, z₂ = 0.00")


# The widget


def shades(z):
    """Two pixels that tell z1 and z2."""
    return (z.numpy()[:, None, None] + 4) / 8


@pytest.fixture
def pad():
    pad = LatentPad(LatentMap(shades, 2))
    yield pad
    pad.close()


def answered(pad):
    pixels = np.asarray(Image.open(io.BytesIO(pad.picture)).convert("L"), dtype=int)
    return pixels[0, 0], pixels[0, -1]


def test_the_widget_offers_what_the_javascript_reads():
    assert {"background", "picture", "ellipse", *STATE} <= set(LatentPad(LatentMap(shades, 2)).keys)


def test_the_picture_follows_the_point(pad):
    assert (pad.point, answered(pad)) == ([0, 0], (128, 128))
    pad.point = [2, -4]  # the second one is outside
    assert (pad.point, answered(pad)) == ([2, -3], (191, 32))
    assert pad.move(-1, 1) is pad
    assert (pad.point, answered(pad)) == ([-1, 1], (96, 159))


@pytest.mark.parametrize("point", ["1, 2", [1], [0, float("nan")], None])
def test_what_is_no_point_is_told_in_one_sentence_and_nothing_changes(pad, point):
    before = pad.move(1, 2).picture
    for use in (lambda: setattr(pad, "point", point), lambda: pad.set_state({"point": point})):
        sentence = r"^A point must be 2 finite numbers; got .*\.$"
        with pytest.raises(traitlets.TraitError, match=sentence):
            use()
        assert (pad.point, pad.picture) == ([1, 2], before)


def test_what_the_page_says_is_clipped_and_decoded(pad):
    pad.set_state({"point": [1e300, 1]})
    assert (pad.point, answered(pad)) == ([3, 1], (223, 159))


def test_where_no_kernel_runs_there_is_the_answer_and_a_line(pad):
    bundle, about = pad.move(0.5, -1.25)._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"] == pad.model_id
    assert bundle["image/png"] == pad.picture
    assert bundle["text/plain"] == "Latent pad: z₁ = 0.50, z₂ = -1.25"
    assert about["image/png"] == {"alt": pad.alt}


# JupyterLab


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A notebook with a slow pad in real JupyterLab, run."""
    with opened(browser, tmp_path_factory, NOTEBOOK) as page:
        run_all(page)
        page.wait_for_function("document.querySelector('.genart-answer')?.width > 0")
        yield page


def corners(page):
    """The shades of the first and the last pixel of the answer."""
    return page.locator(".genart-answer").evaluate("""canvas => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      return [data[0], data.at(-2)];
    }""")


def wait_for_corners(page, z1, z2):
    wanted = [int(np.rint(255 * (z + 4) / 8)) for z in (z1, z2)]
    end = time.monotonic() + 60
    while corners(page) != wanted:
        assert time.monotonic() < end, (corners(page), wanted)
        page.wait_for_timeout(50)


def test_in_jupyterlab_a_slow_decoder_answers_the_last_point_and_is_not_flooded(lab):
    page = lab
    page.locator(".genart-plane").scroll_into_view_if_needed()
    page.mouse.move(*at(page, -2, 2))
    page.mouse.down()
    page.mouse.move(*at(page, 1, -1), steps=60)
    page.mouse.up()
    assert told(page) == "z₁ = 1.00, z₂ = −1.00"
    wait_for_corners(page, 1, -1)
    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Control+Enter")
    output = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output")
    page.wait_for_function("() => !document.body.innerText.includes('[*]')")
    page.wait_for_selector(IDLE)
    decoded, last = output.inner_text().split(maxsplit=1)
    assert last.strip() == "True"
    assert 2 <= int(decoded) <= 30  # of 61 points


def test_in_jupyterlab_the_arrow_keys_move_the_point_and_not_the_notebook(lab):
    page = lab
    page.locator(".genart-plane").scroll_into_view_if_needed()
    page.mouse.click(*at(page, 1, 1))
    for key in "Home", "ArrowDown", "ArrowDown", "Shift+ArrowRight":
        page.keyboard.press(key)
    told_by_now(page, "z₁ = 0.50, z₂ = −0.20")
    assert page.get_by_role("slider").evaluate("plane => plane === document.activeElement")
    active = "cells => cells.map(cell => cell.classList.contains('jp-mod-active'))"
    assert page.locator(".jp-CodeCell").evaluate_all(active) == [True, False]
    wait_for_corners(page, 0.5, -0.2)
