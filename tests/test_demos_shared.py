"""What all pages have in common: words in two languages, checked numbers, frames as HTML."""

import base64
import re
import struct
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from genart_edu.bundled import demo
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame

shared = demo("shared")
become, html, number = shared.become, shared.html, shared.number


def test_a_frame_tells_its_size_and_escapes_its_words():
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">2I", 300, 200)
    shown = html(Frame(0, '<b onload="x">', png, playing=False))
    assert 'width="300" height="200"' in shown
    assert "<b" not in shown
    assert base64.b64decode(re.search(r'base64,([^"]+)"', shown)[1]) == png


@pytest.mark.parametrize("value", [-1, 10**400, float("nan"), float("inf"), None, "<b>", [1], {}])
def test_what_is_no_number_of_the_range_is_refused_in_one_sentence(value):
    for whole, kind in (True, "whole number"), (False, "number"):
        sentence = rf"^The rate must be a {kind} from 0 to 1,000; got [\w-]+\.$"
        with pytest.raises(ValueError, match=sentence):
            number("The rate", value, 0, 1_000, whole)


def test_a_number_of_the_range_is_taken():
    assert number("The rate", 0.5, 0, 1, whole=False) == 0.5
    assert number("The seed", 3.0, 0, 3) == 3
    with pytest.raises(ValueError, match=r"must be a whole number from 0 to 3; got 2\.5\."):
        number("The seed", 2.5, 0, 3)


def test_only_what_a_run_can_not_change_while_it_lives_begins_anew():
    ann = Live(Experiment("gan", "ring", lr=5e-4, r1=0.0))
    ann.step(2)
    run, faster = ann.run, replace(ann.experiment, lr=1e-3)
    for wanted in ann.experiment, faster, faster:  # what is not new is no event
        assert become(ann, wanted, ["lr", "r1"]).step == 2
    assert ann.run is run and run.events == [(2, "lr", 1e-3)]
    ann.set(data="grid")
    assert become(ann, replace(faster, data="grid"), ["lr", "r1"]).step == 2
    assert become(ann, faster, ["lr", "r1"]).step == 0  # back to the ring
    assert become(ann, replace(faster, seed=1), ["lr", "r1"]).step == 0
    assert ann.experiment.seed == 1 and ann.run.events == []


def test_what_is_refused_is_said_as_text():
    with pytest.raises(gr.Error) as error, shared.said(None):
        raise ValueError("<img onerror=x> is no number.")
    assert error.value.message == "&lt;img onerror=x&gt; is no number."


# ---- two languages ------------------------------------------------------------------------------


def test_every_text_has_its_chinese_and_every_other_text_is_refused():
    assert shared.WORDS.translations["zh-CN"] == shared.CHINESE
    assert {*shared.WORDS.translations["en"]} == {*shared.CHINESE}
    assert '"key": "Play"' in shared.t("Play")
    with pytest.raises(KeyError, match=r"words\.json has no Chinese for 'Fly'"):
        shared.t("Fly")


def test_the_chinese_is_chinese_and_keeps_the_marks_and_holes_of_the_english():
    for english, chinese in shared.CHINESE.items():
        name = len(english) <= 12  # R1, WGAN-GP, p(x|z), nats
        assert re.search(r"[\u4e00-\u9fff]", chinese) or name or "{}" in english, english
        assert "<" not in english + chinese, english  # the browser would read it
        for mark in "**", "\n* ", "# ":
            same = english.count(mark) == chinese.count(mark)
            assert same or english.startswith(("*", "**")) or mark == "**", (mark, english)
        holes = re.findall(r"\{(?:\.\.\.)?\}", english)
        filled = chinese.format(*(f"[{i}]" for i in range(len(holes))))
        assert all(f"[{i}]" in filled for i in range(len(holes))), english


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "Step 1,310, reconstruction 15.24, KL 4.73 nats.  Healthy: z says 4.86 nats about x, "
            "and 15 of 16 latents vary; log 2 = 0.69 nats tell two kinds apart.",
            "第 1,310 步，重构误差 15.24, KL 4.73 nat.  健康：z 携带了关于 x 的 4.86 nat，"
            "16 个潜变量中有 15 个在变化；log 2 = 0.69 nat 才能区分两类。",
        ),
        ("Step 0.", "第 0 步."),
        ("run 2, from 1 at 1,300", "运行 2, 自运行 1 的第 1,300 步分出"),
        (
            "Learning rate must be a number from 0 to 1; got 0.5.",
            "学习率 必须是 0 到 1 的数；现在是 0.5。",
        ),
        ("a < b {0} {x}", "a < b {0} {x}"),  # nobody's text is no pattern
    ],
)
def test_a_sentence_with_numbers_is_told_in_chinese_too(english, chinese):
    assert shared.chinese(english) == chinese


def test_each_kind_of_run_tells_how_it_is_in_chinese():
    """What of a status line may stay English: names that the code or the formula has, too."""
    words = {"KL", "nat", "log", "JS", "z", "x"}
    for kind, data in ("vae", "digits"), ("vae", "ring"), ("gan", "ring"), ("gan", "digits"):
        live = Live(Experiment(kind, data))
        for steps in 0, 20:
            said = shared.chinese(live.step(steps).status)
            assert {*re.findall(r"[A-Za-z]+", said)} <= words, said


def test_what_the_server_puts_together_follows_the_browser():
    def said(languages, text):
        return shared.words(SimpleNamespace(headers={"accept-language": languages}))(text)

    assert said("zh-CN,zh;q=0.9,en;q=0.8", "Play") == shared.CHINESE["Play"]
    assert said("en-GB,zh;q=0.5", "Play") == "Play"
    assert said("zh", "a text of nobody") == "a text of nobody"
    assert shared.words(SimpleNamespace())("Play") == "Play"
    piece = next(text for text in shared.CHINESE if len(text) > 40)
    assert said("zh", f"{piece} and <b>") == f"{shared.CHINESE[piece]} and <b>"
