"""The page "Latent space": what its server answers, and the page in a real browser."""

import base64
import io
import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect
from torch.distributions import Bernoulli, Normal, kl_divergence

from genart_edu.bundled import demo
from genart_edu.data.images import digits
from genart_edu.data.motifs import KINDS
from genart_edu.lab.saved import painter
from genart_edu.lab.shelf import GAN, PLANE, TRAINED
from tests.test_widgets_pad import at, told

shared, spaces, latent_space, app = map(demo, ("shared", "spaces", "latent_space", "app"))
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
VAES = {"plane": PLANE, "sixteen": TRAINED / "vae-digits-beta-1.safetensors"}
VAE: dict[str, Any] = {name: vars(painter(path)[1])["model"] for name, path in VAES.items()}
TEST, GREY = (digits(grey=grey).split(1_500)[1] for grey in (False, True))
X = TEST.x(slice(100))
SPACES = ", ".join([*VAES, *KINDS])
POINT = "A point is two numbers from -3 to 3."
CODE = "A code is 16 numbers from -100 to 100."
SHEET = "A sheet is 64x64 greys as base64 text."
PICTURE = "A picture is 64 pixels as 16 hexadecimal digits."
NUMBERS = [
    *(None, 1, "0, 0", {"z": 1}, [], [1], [0, 0, 0], ["1", "2"], [None, 0], [[0, 0], [0, 0]]),
    *([float("nan"), 0], [0, float("inf")], [1e300, 0], [3.001, 0], ["x" * 10_000, 0]),
]
ABOUT: dict[str, Any] = {"space": "plane"}
CODED, OF_GAN = {"space": "sixteen", "point": [0, 0]}, {"space": "star"}
WRONG: dict[str, list[Any]] = {  # a sentence, and the questions that get it
    f"A question names its space: {SPACES}.": [
        *[None, 1, "plane", [], {}],
        *[{"space": None}, {"space": []}, {"space": "../x"}],
    ],
    POINT: [ABOUT | {"point": each} for each in NUMBERS],
    CODE: [
        CODED | {"at": each}
        for each in (1, "0", [0], [0] * 15, [None] * 16, [101, *[0] * 15], [float("nan")] * 16)
    ],
    SHEET: [
        ABOUT | {"ink": each}
        for each in (
            1,
            "",
            "AAAA",
            "é" * 5464,
            [0] * 4096,
            {"a": 1},
            True,
            "!" * 5464,
            "A" * 60_000,
        )
    ],
    PICTURE: [
        *[ABOUT | {"seen": each} for each in (1, "", "0" * 15, "g" * 16, [0] * 16)],
        *[ABOUT | {"a": "0" * 16, "b": each} for each in (None, 1, "../../x")],
    ],
    latent_space.BLANK: [ABOUT | {"ink": base64.b64encode(bytes(4096)).decode()}],
    "A GAN has no encoder: no picture lands in its latent space.": [
        *[OF_GAN | {"seen": "0" * 16}, OF_GAN | {"a": "0" * 16, "b": "0" * 16}],
    ],
}
QUESTIONS = [(question, sentence) for sentence, some in WRONG.items() for question in some]

# Gives the page a file by drag and drop, or from the clipboard.
HAND_OVER = """([way, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(bytes)], "my.png", { type: "image/png" }));
  const about = { bubbles: true, cancelable: true };
  const event = way === "drop"
    ? new DragEvent("drop", { ...about, dataTransfer: data })
    : new ClipboardEvent("paste", { ...about, clipboardData: data });
  document.querySelector(".genart-paper canvas").dispatchEvent(event);
}"""


def pixels(png):
    """A PNG, as bytes or base64 text, (H, W, 3)."""
    png = base64.b64decode(png) if isinstance(png, str) else png
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)


def byte(x):
    return np.rint(255 * x.detach().numpy()).astype(int)


def packed(x):
    return np.packbits(x.numpy().astype(np.uint8)).tobytes().hex()


def sheet(counts):
    """A digit (8, 8) of 0 to 16, blown up to 64 x 64 greys, as base64 text.  8 is not yet ink."""
    greys = (255 / 16 * counts.numpy()).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    return base64.b64encode(greys.tobytes()).decode()


def cells(shown, n=9):
    """The pictures of a sheet of rows, (rows, n, h, w), without their rims."""
    high = shown.shape[1] // n
    rows = shown[..., 0].reshape(-1, high, n, high).swapaxes(1, 2)
    return rows[:, :, 1:-1, 1:-1]


@torch.no_grad()
def decoded(name, z):
    """What a VAE makes of z (..., L), as bytes (..., 8, 8)."""
    return byte(VAE[name].decoder(z).sigmoid().unflatten(-1, (8, 8)))


# The server


def test_the_answer_is_the_decoders_and_depends_on_nothing_else():
    first = spaces.ask({"space": "plane", "point": [0.5, -1.2]})
    shown = pixels(first["picture"])
    assert shown.shape == (224, 224, 3)
    assert (shown[::28, ::28, 0] == decoded("plane", torch.tensor([0.5, -1.2]))).all()
    assert spaces.ask({"space": "plane", "point": [0, 0]})["picture"] != first["picture"]
    with ThreadPoolExecutor(8) as visitors:
        asked = [{"space": "plane", "point": [0.5, -1.2]}, {"space": "star", "point": [1, 1]}] * 10
        answers = list(visitors.map(spaces.ask, asked))
    assert answers[::2] == 10 * [first]
    assert answers[1::2] == 10 * [answers[1]]


def test_a_row_for_each_latent_goes_through_the_point():
    shown = cells(pixels(spaces.ask({"space": "plane", "point": [0.5, -1.2]})["rows"]))
    for i, z in enumerate(np.linspace(-3, 3, 9)):
        for row, place in enumerate([(z, -1.2), (0.5, z)]):
            assert abs(shown[row, i] - decoded("plane", torch.tensor(place).float())).max() <= 1


def test_sixteen_latents_are_shown_by_their_kl_through_the_code():
    mean, logvar = VAE["sixteen"].encode(TEST.x())
    prior = Normal(torch.zeros(16), torch.ones(16))
    kl = kl_divergence(Normal(mean, (logvar / 2).exp()), prior).mean(0)
    most = kl.argsort(descending=True)[:6]
    code = torch.linspace(-1, 1, 16)
    question = {"space": "sixteen", "point": [0.25, -0.5], "at": code.tolist(), "whole": True}
    answer = spaces.ask(question)
    told_kl = [nats for _, nats in answer["latents"]]
    assert told_kl == pytest.approx(kl[most].tolist(), abs=1e-5)
    names = [f"z{dim + 1}".translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for dim in most]
    assert [name for name, _ in answer["latents"]] == names and answer["names"] == names[:2]
    code[most[:2]] = torch.tensor([0.25, -0.5])
    assert answer["values"] == pytest.approx(code[most].tolist())
    rows = cells(pixels(answer["rows"]))
    for row, dim in enumerate(most):
        end = code.clone()
        end[dim] = 3.0
        assert abs(rows[row, -1] - decoded("sixteen", end)).max() <= 1
    middle = cells(pixels(answer["background"]), 13)[6, 6]  # of the plane through the code
    code[most[:2]] = 0.0
    assert abs(middle - decoded("sixteen", code) // 2).max() <= 1


@pytest.mark.parametrize("name", VAES)
def test_held_out_digits_land_where_they_are_encoded(name):
    """Blown up to a sheet, and brought back by the server: nearly all within one std."""
    mean, logvar = VAE[name].encode(X)
    off, clear = [], []
    for i, counts in enumerate(GREY.pixels[:100, 0]):
        answer = spaces.ask({"space": name, "ink": sheet(counts)})
        off.append((torch.tensor(answer["at"]) - mean[i]) / (logvar[i] / 2).exp())
        clear.append(np.abs(np.clip(answer["ellipse"][:2], -3, 3) - answer["point"]).max())
    assert (torch.stack(off).square().mean(1).sqrt() < 1).sum() >= 90
    assert max(clear) < 0.006  # the cross is at the mean


@pytest.mark.parametrize("name", VAES)
def test_what_a_picture_costs_is_its_elbo(name):
    model, x = VAE[name], X[3]
    answer = spaces.ask({"space": name, "seen": packed(x)})
    assert answer["seen"] == packed(x)
    mean, logvar = model.encode(x)
    posterior = Normal(mean, (logvar / 2).exp())
    kl = kl_divergence(posterior, Normal(torch.zeros_like(mean), 1)).sum().item()
    assert answer["kl"] == pytest.approx(kl, abs=1e-4)
    torch.manual_seed(0)
    logits = model.decoder(posterior.sample((4_000,)))
    costs = -Bernoulli(logits=logits).log_prob(x).sum(-1)
    error = costs.std().item() * (1 / 64 + 1 / 4_000) ** 0.5
    assert abs(answer["reconstruction"] - costs.mean().item()) < 3 * error
    shown = spaces.SPACES[name].shown[:2]
    ellipse = [*mean[list(shown)].tolist(), *posterior.stddev[list(shown)].tolist()]
    assert answer["ellipse"] == pytest.approx(ellipse, abs=1e-5)
    means, logvars = model.encode(TEST.x())
    torch.manual_seed(1)
    draws = Normal(means, (logvars / 2).exp())
    nll = -Bernoulli(logits=model.decoder(draws.sample())).log_prob(TEST.x()).sum(-1)
    prior = Normal(torch.zeros_like(means), 1)
    elbo = -(nll + kl_divergence(draws, prior).sum(-1))
    assert answer["average"] == pytest.approx(-elbo.mean().item(), abs=1)


@pytest.mark.parametrize("name", VAES)
def test_between_two_pictures_are_their_codes_and_their_pixels(name):
    a, b = X[0], X[1]
    answer = spaces.ask({"space": name, "a": packed(a), "b": packed(b)})
    latent, crossed = (cells(pixels(answer[way]))[0] for way in ("latent", "pixels"))
    start, end = VAE[name].encode(a)[0], VAE[name].encode(b)[0]
    for i, share in enumerate(np.linspace(0, 1, 9)):
        assert abs(latent[i] - decoded(name, (1 - share) * start + share * end)).max() <= 1
        assert abs(crossed[i] - byte(((1 - share) * a + share * b).view(8, 8))).max() <= 1


def test_a_gan_paints_the_class_that_it_is_told():
    _, trainer, _ = painter(GAN)
    seen = []
    for kind, name in enumerate(KINDS):
        answer = spaces.ask({"space": name, "point": [1, -0.5]})
        z = torch.zeros(1, 16)
        z[0, :2] = torch.tensor([1, -0.5])
        with torch.no_grad():
            made = trainer.painter(z, torch.tensor([kind])).view(28, 28)
        seen.append(pixels(answer["picture"])[::8, ::8, 0])
        assert (seen[-1] == byte(made)).all()
        assert answer.keys() == {"picture"}
    assert len({picture.tobytes() for picture in seen}) == len(KINDS)


@pytest.mark.parametrize(("question", "sentence"), QUESTIONS, ids=range(len(QUESTIONS)))
def test_a_forged_question_is_refused_in_one_sentence(question, sentence):
    assert spaces.ask(question) == {"refusal": sentence}


def test_the_edges_are_not_refused():
    for question in [
        {"space": "plane", "point": [3, -3]},
        {"space": "plane", "point": [-3.0, 3.0], "whole": True},
        {"space": "sixteen", "point": [3, 3], "at": [100] * 16},
        {"space": "plane", "seen": "f" * 16},
        {"space": "sixteen", "ink": base64.b64encode(bytes([255] * 4096)).decode()},
    ]:
        answer = spaces.ask(question)
        assert pixels(answer["picture"]).size and "refusal" not in answer
        json.dumps(answer, allow_nan=False)


def test_every_word_of_the_page_has_its_chinese():
    """The words in its JavaScript are those that are handed to it."""
    files = [Path(latent_space.__file__).with_name(f"{name}.js") for name in latent_space.PARTS]
    script = "".join(file.read_text("utf-8") for file in files)
    called = r'(?:\bt|say|button|section)\((?:\w+, )?(?:"\w*", )?"([^"]+)"'
    words = {*re.findall(called, script), *latent_space.NAMES, "The server does not answer."}
    assert {"Clear", "From picture A to picture B", "pixels", "The pen is up."} <= words
    assert words - {"walk", "draw"} <= shared.CHINESE.keys()
    [html] = [b for b in latent_space.demo.blocks.values() if getattr(b, "server_fns", [])]
    assert words - {"walk", "draw"} <= html.props["words"].keys()


# The page


@pytest.fixture(scope="module")
def address():
    """Of an app that has this page behind another one, behind the classroom's door."""
    with gr.Blocks() as pages:
        gr.Markdown("The first page")
    with pages.route("Latent space", "latent-space"):
        latent_space.demo.render()
    port = app.serve(pages, "127.0.0.1", None, "", demo("door").Room())
    yield f"http://127.0.0.1:{port}/latent-space"
    pages.close()


@pytest.fixture
def visit(browser, address):
    """visit() opens the page as another visitor; `page.asked`: the questions that it asked."""
    contexts, outside = [], []

    def open_page(viewport=LAPTOP, scheme="light", query="", **more):
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, **more))
        page = contexts[-1].new_page()
        page.asked, page.open, page.most = [], 0, 0
        here = (address.removesuffix("latent-space"), "data:", "blob:")

        def asked(request):
            if not request.url.startswith(here):
                outside.append(request.url)
            if "component_server" in request.url:
                page.asked.append(request.post_data_json["data"])
                page.open += page.asked[-1]["space"] == "plane"
                page.most = max(page.most, page.open)

        def done(request):
            if "component_server" in request.url:
                page.open -= request.post_data_json["data"]["space"] == "plane"

        page.on("request", asked)
        page.on("requestfinished", done)
        page.goto(address + query)
        page.vae, page.gan = (page.locator(f".genart-{name}") for name in ("walk", "gan"))
        for pad in page.vae, page.gan:
            expect(pad.locator(".genart-answer")).to_be_visible(timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []  # whatever a test did, the page asked nobody but the app


def canvas(scope, selector):
    """What a canvas shows, (H, W, 3)."""
    url = scope.locator(selector).first.evaluate("canvas => canvas.toDataURL()")
    return pixels(url.split(",")[1])


def point_of(pad):
    numbers = re.findall(r"= (−?\d\.\d\d)", told(pad))
    return [float(number.replace("−", "-")) for number in numbers]


def until(page, true, what):
    for _ in range(200):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError(what)


def shows(page, point, pad=None, space="plane", at=None):
    """Wait until the answer is the decoder's own, to the pixel."""
    wanted = pixels(spaces.SPACES[space].plane(at).look(point))
    pad = pad or page.vae

    def same():
        shown = canvas(pad, ".genart-answer")
        return shown.shape == wanted.shape and (shown == wanted).all()

    until(page, same, f"the answer is not the decoder's at {point}")


def seen_by_encoder(page):
    """The small picture beside the sheet, as 16 hexadecimal digits."""
    return packed(torch.from_numpy((canvas(page, ".genart-seen canvas")[..., 0] > 127).ravel()))


def landed(page):
    """Wait for what a picture costs, and return what the page says of it."""
    expect(page.locator(".genart-seen")).to_contain_text("nats", timeout=10_000)
    return page.locator(".genart-seen").inner_text()


def draw(page, *points):
    """A stroke by mouse; points from 0 to 1, from the top left."""
    paper = page.locator(".genart-paper canvas")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def photo(ground, ink, size=(300, 400), kind="png"):
    """A thick vertical bar on paper: a file of a picture."""
    picture = Image.new("L", size, ground)
    picture.paste(ink, (130, 60, 170, 340))
    file = io.BytesIO()
    picture.save(file, kind)
    return {"name": "my.png", "mimeType": "image/png", "buffer": file.getvalue()}


def wears(page, dark):
    """Words and ticks wear the theme of the browser."""
    for name, style in [("p", "color"), (".genart-plane text", "fill"), ("select", "color")]:
        ink = page.vae.locator(name).last.evaluate(
            "(node, style) => getComputedStyle(node)[style]", style
        )
        shade = [int(number) for number in re.findall(r"\d+", ink)[:3]]
        assert (min(shade) > 190) if dark else (max(shade) < 65)


def test_a_drag_changes_the_picture_and_its_traversals_one_question_at_a_time(visit):
    page = visit()
    shows(page, [0, 0])
    wears(page, dark=False)
    rows = canvas(page, ".genart-traversals canvas")

    def slowly(route):
        page.wait_for_timeout(100)
        route.continue_()

    page.route("**/component_server/", slowly)
    page.mouse.move(*at(page.vae, 0, 0))
    page.mouse.down()
    page.mouse.move(*at(page.vae, -2, -1.5), steps=60)
    page.mouse.up()
    point = point_of(page.vae)
    assert point == pytest.approx([-2, -1.5], abs=0.01)
    shows(page, point)
    assert page.asked[-1]["point"] == point
    assert 4 <= len(page.asked) < 50 and page.most == 1
    until(page, lambda: (canvas(page, ".genart-traversals canvas") != rows).any(), "rows stand")
    first = canvas(page, ".genart-traversals canvas")  # z1 moves, and z2 is that of the point
    for i in 0, 8:
        wanted = decoded("plane", torch.tensor([-3 + 0.75 * i, point[1]]))
        cell = first[9 : first.shape[0] - 6 : 6, 66 * i + 9 : 66 * i + 57 : 6, 0]
        assert abs(cell - wanted).max() <= 1


def test_a_question_that_fails_does_not_end_the_page(visit):
    page = visit()
    shows(page, [0, 0])
    page.vae.get_by_role("slider").focus()
    page.route("**/component_server/", lambda route: route.fulfill(status=500, body="{}"))
    page.keyboard.press("ArrowUp")
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    page.unroute("**/component_server/")
    before = page.evaluate("scrollY")
    for key, point in [
        ("ArrowUp", [0, 0.2]),
        ("Shift+ArrowRight", [0.5, 0.2]),
        ("ArrowLeft", [0.4, 0.2]),
        ("Home", [0, 0]),
    ]:
        page.keyboard.press(key)
        shows(page, point)
        assert point_of(page.vae) == point
    assert page.evaluate("scrollY") == before


def test_a_drawing_lands_and_leads_to_another_and_the_address_keeps_it(visit):
    page = visit()
    draw(page, (0.3, 0.15), (0.7, 0.15), (0.45, 0.85))
    said = landed(page)
    page.wait_for_timeout(200)
    until(page, lambda: page.open == 0, "the last piece of the stroke has not landed")
    ink = [each["ink"] for each in page.asked if each.get("ink")][-1]
    answer = spaces.ask({"space": "plane", "ink": ink})
    until(page, lambda: seen_by_encoder(page) == answer["seen"], "the encoder sees another")
    seen = answer["seen"]
    assert point_of(page.vae) == answer["point"]
    shows(page, answer["point"])
    said = landed(page)
    costs = [float(number) for number in re.findall(r"\d+\.\d", said)]
    total = answer["reconstruction"] + answer["kl"]
    wanted = [total, answer["reconstruction"], answer["kl"], answer["average"]]
    assert costs == pytest.approx(wanted, abs=0.06)
    plane = page.vae.locator(".genart-plane").bounding_box()["width"]
    names = "({ cx, cy, rx, ry }) => [cx, cy, rx, ry].map(length => length.baseVal.value)"
    shown = page.vae.locator("ellipse.genart-line").evaluate(names)
    z1, z2, *std = answer["ellipse"]
    wanted = [(3 + z1) / 6, (3 - z2) / 6, std[0] / 6, std[1] / 6]
    assert np.allclose(np.divide(shown, plane), wanted, atol=0.002)

    press(page, "Keep as A")
    press(page, "A test digit")
    until(page, lambda: seen_by_encoder(page) != seen, "no digit came")
    other = seen_by_encoder(page)
    assert other in {packed(x) for x in TEST.x()}
    press(page, "Keep as B")
    ways = page.locator(".genart-between .genart-row canvas")
    expect(ways.first).to_be_visible()
    row = spaces.ask({"space": "plane", "a": seen, "b": other})
    for way, name in zip(ways.all(), ("latent", "pixels"), strict=True):
        wanted = cells(pixels(row[name]))[0]

        def same(way=way, wanted=wanted):
            shown = pixels(way.evaluate("canvas => canvas.toDataURL()").split(",")[1])[..., 0]
            spots = [shown[9:-6:6, 66 * i + 9 : 66 * i + 57 : 6] for i in range(9)]
            return all((spot == cell).all() for spot, cell in zip(spots, wanted, strict=True))

        until(page, same, f"the row {name} is another one")
    until(page, lambda: f"draw={other}&a={seen}&b={other}" in page.url, page.url)
    again = visit(query=f"?{page.url.split('?')[1]}")
    landed(again)
    assert seen_by_encoder(again) == other
    assert point_of(again.vae) == point_of(page.vae)
    expect(again.locator(".genart-between .genart-row canvas").first).to_be_visible()
    aimed = visit(query=f"?z=-1,2&draw={other}")  # walked on, after it landed
    landed(aimed)
    shows(aimed, [-1, 2])
    assert point_of(aimed.vae) == [-1, 2]
    press(page, "Clear")
    expect(page.vae.locator("ellipse")).to_have_count(0)
    expect(page.locator(".genart-seen")).not_to_contain_text("nats")
    until(page, lambda: "draw=" not in page.url, page.url)
    press(page, "Keep as A")
    expect(page.get_by_text("Draw a digit first.")).to_be_visible()


def test_keys_alone_draw_a_digit(visit):
    page = visit()
    page.locator(".genart-paper canvas").focus()
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "Space"):
        page.keyboard.press(key)
    expect(page.get_by_text("The pen is down.")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    landed(page)
    page.keyboard.press("Space")
    expect(page.get_by_text("The pen is up.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    sheet = canvas(page, ".genart-paper canvas")[..., 0]
    assert sheet.shape == (64, 64)
    rows, columns = np.nonzero(sheet > 127)
    assert abs(rows.min() - 13) <= 1 and abs(rows.max() - 51) <= 1
    assert 6 <= np.ptp(columns) + 1 <= 8 and abs(columns.mean() - 31.5) < 1


def test_a_photo_is_seen_as_ink_and_what_is_none_is_refused_in_a_sentence(visit):
    page = visit()
    large = {"name": "l.png", "mimeType": "image/png", "buffer": bytes(5_000_001)}
    text = {"name": "t.png", "mimeType": "image/png", "buffer": b"<script>alert(1)</script>"}
    for file, sentence in [
        (large, "A picture may have at most 5 MB."),
        (photo(255, 0, size=(4097, 400)), "A picture may be at most 4,096 pixels wide and high."),
        (text, "This file is no picture that the browser can read."),
        (photo(128, 128), "There is no ink in this picture."),
    ]:
        page.locator("input[type=file]").set_input_files(file)
        expect(page.locator(".genart-error")).to_have_text(sentence)
    page.wait_for_timeout(200)
    assert not any(each.get("ink") or each.get("seen") for each in page.asked)
    bars = []
    # Dark on white is inverted; white on black is not.
    for ground, ink, kind in [(235, 40, "png"), (20, 200, "png"), (220, 60, "jpeg")]:
        before = len(page.asked)
        page.locator("input[type=file]").set_input_files(photo(ground, ink, kind=kind))
        until(page, lambda before=before: len(page.asked) > before, "nothing was asked")
        landed(page)
        expect(page.locator(".genart-error")).to_be_hidden()
        bars.append(canvas(page, ".genart-paper canvas")[..., 0])
        assert bars[-1][14:50, 28:36].mean() > 200 and bars[-1][:, :20].mean() < 10
        assert abs(bars[0] - bars[-1]).mean() < 6
    file = photo(220, 60)["buffer"]
    for way in "drop", "paste":
        press(page, "Clear")
        page.evaluate(HAND_OVER, [way, list(file)])
        landed(page)
        assert abs(bars[0] - canvas(page, ".genart-paper canvas")[..., 0]).mean() < 6
    assert all(len(each.get("ink") or "") in (0, 5464) for each in page.asked)  # never the file


def test_a_link_opens_the_model_the_point_and_the_class_and_hides(visit):
    page = visit(query="?model=sixteen&z=1.5,-1&class=star&gan=-1,0.25&hide=draw,between&x=1")
    shows(page, [1.5, -1], space="sixteen")
    shows(page, [-1, 0.25], page.gan, "star")
    assert page.locator(".genart-traversals .genart-row").count() == 6
    for name, hidden in [("draw", True), ("between", True), ("traversals", False)]:
        assert page.locator(f".genart-{name}").is_hidden() == hidden
    page.vae.get_by_role("combobox").select_option("plane")
    shows(page, [1.5, -1])
    page.gan.get_by_role("combobox").select_option("heart")
    shows(page, [-1, 0.25], page.gan, "heart")
    page.gan.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    shows(page, [-0.9, 0.25], page.gan, "heart")
    until(page, lambda: "gan=-0.9" in page.url, page.url)
    path, query = page.url.split("?")
    assert path.endswith("/latent-space")
    assert query == "model=plane&z=1.5,-1&class=heart&gan=-0.9,0.25&hide=draw,between&x=1"

    forged = "?model=__proto__&z=NaN,1&draw=<b>&class=constructor&gan=9,9&a=1&b=%00"
    page = visit(query=forged)
    shows(page, [0, 0])
    shows(page, [0, 0], page.gan, "disc")


def test_in_sixteen_latents_the_plane_goes_through_where_a_picture_landed(visit):
    page = visit(query=f"?model=sixteen&draw={packed(X[5])}", scheme="dark")
    landed(page)
    wears(page, dark=True)
    answer = spaces.ask({"space": "sixteen", "seen": packed(X[5])})
    shows(page, answer["point"], space="sixteen", at=answer["at"])
    ground = pixels(spaces.SPACES["sixteen"].plane(answer["at"]).background())
    until(page, lambda: (canvas(page.vae, ".genart-plane canvas") == ground).all(), "other plane")
    page.vae.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    point = [round(answer["point"][0] + 0.1, 2), answer["point"][1]]
    shows(page, point, space="sixteen", at=answer["at"])


def test_two_visitors_never_disturb_each_other(visit):
    ann, bob = visit(), visit()
    ann.mouse.click(*at(ann.vae, 1, 1))
    bob.mouse.click(*at(bob.vae, -1, 2))
    for page, place in [(ann, [1, 1]), (bob, [-1, 2])]:
        shows(page, point_of(page.vae))
        assert point_of(page.vae) == pytest.approx(place, abs=0.01)


def test_on_a_phone_a_finger_drags_and_draws_and_the_page_stays(visit):
    page = visit(PHONE, has_touch=True, locale="zh-CN")
    expect(page.get_by_role("button", name="清除")).to_be_visible()
    plane = page.vae.locator(".genart-plane").bounding_box()
    below = page.vae.locator(".genart-answer").bounding_box()
    assert below["y"] > plane["y"] + plane["height"]
    names = 135  # pixels, of the app's pages, which are above
    assert names + below["y"] + below["height"] < PHONE["height"]  # both are seen at once
    for edge in page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]"):
        assert edge == PHONE["width"]
    finger = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        finger.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    touch("Start", at(page.vae, 0, 0))
    for i in range(1, 11):
        touch("Move", at(page.vae, 0.1 * i, 0.2 * i))
    touch("End")
    shows(page, point_of(page.vae))
    assert point_of(page.vae) == pytest.approx([1, 2], abs=0.02)
    assert page.evaluate("scrollY") == 0

    paper = page.locator(".genart-paper canvas")
    paper.scroll_into_view_if_needed()
    before, box = page.evaluate("scrollY"), paper.bounding_box()
    touch("Start", (box["x"] + box["width"] / 2, box["y"] + 40))
    for i in range(1, 11):
        touch("Move", (box["x"] + box["width"] / 2, box["y"] + 40 + 20 * i))
    touch("End")
    expect(page.locator(".genart-seen")).to_contain_text("重构误差")
    assert page.evaluate("scrollY") == before
    assert canvas(page, ".genart-paper canvas")[30, 32].tolist() == [255, 255, 255]


def test_forged_questions_over_the_net_get_a_sentence(address):
    [pad] = [b for b in latent_space.demo.blocks.values() if getattr(b, "server_fns", [])]
    send = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    for question, sentence in QUESTIONS[::3]:
        about = {"session_hash": "x", "component_id": pad._id, "fn_name": "ask", "data": question}
        headers = {"Content-Type": "application/json"}
        url = f"{address.removesuffix('latent-space')}gradio_api/component_server/"
        request = urllib.request.Request(url, json.dumps(about).encode(), headers)
        assert json.load(send(request)) == {"refusal": sentence}
