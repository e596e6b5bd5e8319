"""`genart`: buttons made of text.  No maths in here.

A command is named by the function that it calls, "module:function".  What is not needed for
`genart --help` is imported when it is called: help answers as soon as argparse is there.
"""

from __future__ import annotations

import argparse
import sys

from genart_edu.lab.options import CHOICES, flag, varied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any, NoReturn


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.  -> exit code: 0, 1 if training broke down, 2 for a bad argument."""
    options = vars(_parser().parse_args(argv))
    module, function = options.pop("command").split(":")
    from importlib import import_module

    try:
        return getattr(import_module(f"genart_edu.{module}"), function)(**options) or 0
    except (ValueError, OSError) as error:
        print(f"genart: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence; the usage is a `--help` away."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        return argparse.HelpFormatter(self.prog, width=96)  # to ask the terminal costs 10 ms

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> _Parser:
    parser = _Parser(prog="genart", description="Watch GANs and VAEs learn, fail and recover.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, calls: str, help: str) -> _Parser:
        """calls: what takes the options by their names, and gives an exit code or None."""
        found = commands.add_parser(name, help=help, description=help)
        found.set_defaults(command=calls)
        return found

    leaves = "train a model; leaves checkpoint, history and poster"
    train = command("train", "lab.session:begin", leaves)
    train.add_argument("--out", type=_path, help="a new folder (genart-runs/MODEL-DATA)")

    leaves = "train seeds of many settings; leaves a table and a map"
    sweep = command("sweep", "lab.sweep:from_words", leaves)
    vary = "a choice below and its values, as in packing=1,2; given again, they make a grid"
    sweep.add_argument(
        "--vary", metavar="NAME=...", type=varied, action="append", default=[], help=vary
    )
    sweep.add_argument("--jobs", type=_positive, default=1, help="processes at a time (1)")
    sweep.add_argument("--address", help="of a Dask scheduler: its workers train, not this machine")
    sweep.add_argument("--out", type=_path, required=True, help="a folder; the same again goes on")

    for training in train, sweep:
        _add_choices(training)

    resume = command("resume", "lab.session:go_on", "go on with a run that was saved")
    sample = command("sample", "lab.session:sample", "paint with a trained model")
    leaves = "a script that makes a saved run again, and its pictures"
    export = command("export", "lab.export:from_checkpoint", leaves)
    for using in resume, sample, export:
        using.add_argument("checkpoint", type=_path)
    resume.add_argument("--steps", type=_positive, default=2_500, help="steps to add")
    sample.add_argument("-n", type=_positive, default=64, help="how many (64)")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--out", type=_path, help="the picture (beside the checkpoint)")
    export.add_argument("--out", type=_path, help="a folder (beside the checkpoint)")

    demo = command("demo", "classroom:open_demo", "open the classroom page in the browser")
    demo.add_argument("--host", default="127.0.0.1", help="0.0.0.0 opens it to the room")
    demo.add_argument("--port", type=int, help="the first free one from 7860 on")
    demo.add_argument("--password", metavar="WORD", default="", help="who knows it may come in")
    demo.add_argument("--open", dest="open_to_all", action="store_true", help="anyone may come in")
    lab = command("lab", "classroom:open_lab", "open JupyterLab on a copy of the lessons")
    lab.add_argument("folder", type=_path, nargs="?", default="genart-lessons")
    for page in demo, lab:
        page.add_argument("--no-browser", dest="browser", action="store_false")
    command("doctor", "doctor:report", "what to look at when a machine misbehaves")
    return parser


def _add_choices(command: _Parser) -> None:
    """The choices of an Experiment, which knows what to do where nothing is said."""
    command.add_argument("model", help="vae or gan")
    command.add_argument("--steps", type=_positive, default=2_500, help="how many (2500)")
    for title, choices in CHOICES.items():
        group = command.add_argument_group(title, argument_default=argparse.SUPPRESS)
        for name, kind in choices.items():
            how: Any = {"action": "store_true"} if kind.read is flag else {"type": kind.read}
            option, help = f"--{name.replace('_', '-')}", kind.help or kind.words
            group.add_argument(option, help=help, **how)


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
