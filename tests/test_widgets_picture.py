"""The live picture's JavaScript, in a browser, without JupyterLab: as another page would use it."""

import json
from base64 import b64encode

import numpy as np
import pytest

from genart_edu.views.browser import sources
from genart_edu.views.canvas import png
from genart_edu.widgets.picture import Picture

# A model as anywidget's, and one picture on the page.
SETUP = """async ([source, state]) => {
  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const heard = {};
  window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  window.set = (name, value) => { state[name] = value; heard[`change:${name}`](); };
  const model = { get: (name) => state[name], on: (name, f) => { heard[name] = f; } };
  module.default.render({ model, el: document.body });
}"""
PIXELS = """() => {
  const canvas = document.querySelector("canvas");
  if (canvas.width === 0) return null;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
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
def page(browser):
    page = browser.new_page()
    page.goto("about:blank")
    source, _ = sources("picture")
    page.evaluate(SETUP, [source, STATE | {"png": text(FRAMES[0])}])
    yield page
    page.close()


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


def test_the_widget_offers_what_the_javascript_reads():
    assert set(STATE) | {"png"} <= set(Picture().keys)
