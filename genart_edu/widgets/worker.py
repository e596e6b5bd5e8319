"""One thread for what takes time, so that no callback waits."""

import queue
import threading
from collections.abc import Callable

Job = Callable[[], None]


class Worker:
    """Does jobs in their order, on a daemon thread that starts with the first.

    tell: takes a sentence when a job fails; the next one is done all the same.
    """

    def __init__(self, name: str, tell: Callable[[str], None]) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._tell = tell
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def do(self, job: Job) -> None:
        """Waits for nothing.  From one thread only."""
        self._jobs.put(job)
        if self._thread.ident is None:  # not started yet
            self._thread.start()

    def end(self) -> None:
        """Let the thread end after the jobs that it has.  Waits for nothing."""
        self._jobs.put(None)

    def join(self, timeout: float) -> None:
        """Wait, for so many seconds at most, until the thread has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # whatever it is, the next press must work
                expected = isinstance(error, ValueError | OSError)  # these are sentences
                self._tell(str(error) if expected else repr(error))
