"""`genart`: buttons made of text.  No maths in here.

What is not needed for `genart --help` is imported by the command that needs it, pathlib and typing
too: help answers as soon as argparse is there.
"""

from __future__ import annotations

import argparse
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import NoReturn


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
    from genart_edu.lab.experiment import Experiment
    from genart_edu.lab.session import new_folder, train

    names = Experiment.__dataclass_fields__
    experiment = Experiment(**{k: v for k, v in vars(options).items() if k in names})
    run, stage = experiment.start()
    return train(experiment, run, stage, options.steps, new_folder(options.out, experiment))


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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="genart", description="Watch GANs and VAEs learn, fail and recover.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int | None], help: str
    ) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=help, description=help)
        found.set_defaults(command=run)
        return found

    _add_training(command("train", _train, "train a model; leaves checkpoint, history and poster"))

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


def _add_training(train: argparse.ArgumentParser) -> None:
    """The choices of an Experiment.  What is not given is left to it: None works."""
    train.add_argument("model", help="vae or gan")
    train.add_argument(
        "--data",
        default="digits",
        help="digits, digits-grey, motifs, ring, grid, spiral, moons, idx:NAME or folder:PATH",
    )
    train.add_argument("--steps", type=_positive, default=2_500)
    train.add_argument("--out", type=_path, help="a new folder (genart-runs/MODEL-DATA)")
    for name in ("latent-dim", "hidden-dim", "depth", "batch-size"):
        train.add_argument(f"--{name}", type=int)
    train.add_argument("--activation", help="leaky_relu, relu or sigmoid")
    train.add_argument("--lr", type=float, help="learning rate; of a GAN, its generator's")
    train.add_argument("--beta", type=float, default=1.0, help="VAE: weight of the KL term")
    train.add_argument("--free-bits", type=float, default=0.0, help="VAE: free nats a latent")
    train.add_argument("--warmup", type=int, default=0, help="VAE: steps until the KL is in full")
    train.add_argument("--cycle", type=int, default=0, help="VAE: steps of a repeated warm-up")
    train.add_argument("--likelihood", help="VAE: bernoulli or gaussian")
    train.add_argument(
        "--variance", type=_variance, default="learned", help="gaussian: learned, optimal, a number"
    )
    train.add_argument("--conv", action="store_true", help="VAE: convolutions")
    train.add_argument("--labels", action="store_true", help="VAE: tell both maps the class")
    train.add_argument("--discriminator-lr", type=float, help="GAN: its own learning rate")
    train.add_argument(
        "--generator-loss", default="nonsaturating", help="GAN: nonsaturating or minimax"
    )
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    train.add_argument("--threads", type=int, default=1)


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _variance(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text  # the experiment knows the names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
