"""A canvas in a process of its own: it draws on another core while this one trains.

What goes to and fro is pickled, by ourselves and for ourselves, through pipes that nobody else has.
"""

import os
import pickle
import subprocess
import sys
import weakref
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from functools import cache
from itertools import count
from typing import Any

from genart_edu.views.canvas import Around, Arrays, Canvas, View
from genart_edu.views.style import LIGHT, Theme

SERVE = "from genart_edu.views.aside import serve; serve()"
NUMBERS = count()  # of canvases


class Painter:
    """The process that draws, in turn.  It ends with the one that asks."""

    def __init__(self) -> None:
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        pipes["start_new_session"] = True  # Ctrl-C is for the other one
        self._process: Any = subprocess.Popen([sys.executable, "-c", SERVE], **pipes)
        self._turns = ThreadPoolExecutor(1, "painter")
        self.gone: list[int] = []  # canvases that nobody has any more

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def ask(self, *what: Any) -> Future[Any]:
        """What it makes of `what`, as it is now: later changes leave it alone."""
        gone = [self.gone.pop() for _ in range(len(self.gone))]
        return self._turns.submit(self._ask, pickle.dumps((gone, *what), pickle.HIGHEST_PROTOCOL))

    def _ask(self, message: bytes) -> Any:
        try:
            self._process.stdin.write(message)
            self._process.stdin.flush()
            answer = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self._process.kill()  # half of an answer may still come
            self._process.wait()
            painter.cache_clear()
            raise OSError("The process that draws has ended: press the button again.") from error
        if isinstance(answer, Exception):
            raise answer
        return answer


painter = cache(Painter)  # one for all, and after its end another one


class Aside:
    """What a `Canvas` is to a player: the views are drawn in a `Painter`'s process.

    lost: whether that ended, and what it knew of this canvas with it.
    """

    def __init__(
        self, views: Iterable[View], theme: Theme = LIGHT, columns: int | None = None
    ) -> None:
        self.views = [copy(view) for view in views]
        self.alt = "; ".join(view.alt for view in self.views)
        self._painter, self._number = painter(), next(NUMBERS)
        self._painter.ask(self._number, {"views": self.views, "theme": theme, "columns": columns})
        # Garbage is collected at any moment, in `submit` too: nothing here may wait for a lock.
        weakref.finalize(self, self._painter.gone.append, self._number).atexit = False

    @property
    def lost(self) -> bool:
        return self._painter.ended

    def frame(
        self, arrays: Iterable[Arrays | None], around: Iterable[Around] = ()
    ) -> Future[bytes]:
        """As `Canvas.frame`.  -> a PNG, once it is drawn."""
        return self._painter.ask(self._number, list(arrays), list(around))

    def png(self, frame: Future[bytes]) -> bytes:
        """Wait for it.  OSError, in one sentence, if the process has ended."""
        return frame.result()


def serve() -> None:
    """Be the process that draws, until the other one ends: where both want a core, it waits."""
    if hasattr(os, "nice"):
        os.nice(10)
    canvases: dict[int, Canvas] = {}
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whoever prints does not disturb
    while True:
        try:
            gone, number, *what = pickle.load(questions)
        except EOFError:
            return
        answer: Any = None
        try:
            for each in gone:
                canvases.pop(each, None)
            if isinstance(what[0], dict):
                canvases[number] = Canvas(**what[0])
            else:
                canvas = canvases[number]
                answer = canvas.png(canvas.frame(*what))
        except Exception as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()
