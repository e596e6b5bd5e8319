"""`genart`: buttons made of text.  No maths in here.

What is not needed for `genart --help` is imported by the command that needs it, pathlib and typing
too: help answers as soon as argparse is there.
"""

from __future__ import annotations

import argparse
import sys

from genart_edu.lab.options import CHOICES, FLAG, varied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any, NoReturn

    from genart_edu.lab.experiment import Experiment


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.  -> exit code: 0, 1 if training broke down, 2 for a bad argument."""
    options = _parser().parse_args(argv)
    try:
        return options.command(options) or 0
    except (ValueError, OSError) as error:
        print(f"genart: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _train(options: argparse.Namespace) -> int:
    from genart_edu.lab.session import new_folder, train

    experiment = _experiment(options)
    run, stage = experiment.start()
    return train(experiment, run, stage, options.steps, new_folder(options.out, experiment))


def _sweep(options: argparse.Namespace) -> int:
    from genart_edu.lab.sweep import sweep

    grid: dict[str, list[Any]] = {}
    for name, values in options.vary:
        grid.setdefault(name, []).extend(values)
    seeds = vars(options).pop("seeds", 8)  # of each setting: the sweep knows what trains as one
    how = options.steps, options.out, options.jobs, options.address
    return sweep(_experiment(options), grid, seeds, *how)


def _experiment(options: argparse.Namespace) -> Experiment:
    from genart_edu.lab.experiment import Experiment

    names = Experiment.__dataclass_fields__
    return Experiment(**{k: v for k, v in vars(options).items() if k in names})


def _resume(options: argparse.Namespace) -> int:
    from genart_edu.lab.saved import resume
    from genart_edu.lab.session import train

    return train(*resume(options.checkpoint), options.steps, options.checkpoint.parent)


def _sample(options: argparse.Namespace) -> None:
    from genart_edu.lab.session import sample

    print(sample(options.checkpoint, options.n, options.seed, options.out))


def _demo(options: argparse.Namespace) -> None:
    from genart_edu.classroom import open_demo

    open_demo(options.host, options.port, options.browser)


def _lab(options: argparse.Namespace) -> int:
    from genart_edu.classroom import copy_lessons, open_lab

    for line in copy_lessons(options.folder):
        print(line)
    return open_lab(options.folder, options.browser)


def _doctor(options: argparse.Namespace) -> None:
    from genart_edu.doctor import report

    print("\n".join(report()))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence; the usage is a `--help` away."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        return argparse.HelpFormatter(self.prog, width=96)  # to ask the terminal costs 10 ms

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> _Parser:
    parser = _Parser(prog="genart", description="Watch GANs and VAEs learn, fail and recover.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int | None], help: str) -> _Parser:
        found = commands.add_parser(name, help=help, description=help)
        found.set_defaults(command=run)
        return found

    train = command("train", _train, "train a model; leaves checkpoint, history and poster")
    train.add_argument("--out", type=_path, help="a new folder (genart-runs/MODEL-DATA)")

    sweep = command("sweep", _sweep, "train seeds of many settings; leaves a table and a map")
    vary = "a choice below and its values, as in packing=1,2; given again, they make a grid"
    sweep.add_argument(
        "--vary", metavar="NAME=...", type=varied, action="append", default=[], help=vary
    )
    sweep.add_argument("--jobs", type=_positive, default=1, help="processes at a time (1)")
    sweep.add_argument("--address", help="of a Dask scheduler: its workers train, not this machine")
    sweep.add_argument("--out", type=_path, required=True, help="a folder; the same again goes on")

    for training in train, sweep:
        _add_choices(training)

    resume = command("resume", _resume, "go on with a run that was saved")
    resume.add_argument("checkpoint", type=_path)
    resume.add_argument("--steps", type=_positive, default=2_500, help="steps to add")

    sample = command("sample", _sample, "paint with a trained model")
    sample.add_argument("checkpoint", type=_path)
    sample.add_argument("-n", type=_positive, default=64, help="how many (64)")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--out", type=_path, help="the picture (beside the checkpoint)")

    demo = command("demo", _demo, "open the classroom page in the browser")
    demo.add_argument("--host", default="127.0.0.1", help="0.0.0.0 opens it to the room")
    demo.add_argument("--port", type=int, help="the first free one from 7860 on")

    lab = command("lab", _lab, "open JupyterLab on a copy of the lessons")
    lab.add_argument("folder", type=_path, nargs="?", default="genart-lessons")

    for page in demo, lab:
        page.add_argument("--no-browser", dest="browser", action="store_false")
    command("doctor", _doctor, "what to look at when a machine misbehaves")
    return parser


def _add_choices(command: argparse.ArgumentParser) -> None:
    """The choices of an Experiment, which knows what to do where nothing is said."""
    command.add_argument("model", help="vae or gan")
    command.add_argument("--steps", type=_positive, default=2_500, help="how many (2500)")
    for title, choices in CHOICES.items():
        group = command.add_argument_group(title)
        for name, (kind, help) in choices.items():
            how: Any = {"action": "store_true"} if kind is FLAG else {"type": kind.read}
            option = f"--{name.replace('_', '-')}"
            how |= {"default": argparse.SUPPRESS, "help": help or kind.words}
            group.add_argument(option, **how)


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
