"""`python -m benchmarks.classroom`: a class of 30 trains at once, as their browsers would ask.

A server in a process of its own; its visitors speak Gradio's protocol, as its JavaScript does: they
open a page, keep a heartbeat, press Play, and some press Pause.  Printed: how long between two
pictures, all steps together beside those of a single visitor, how soon Pause takes effect, whether
each run is to the bit what it is alone, and what is left when the class has gone.  And how soon the
latent plane answers.  `--visitors 30 --seconds 120 --classes 3` are the defaults.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch

from genart_edu.bundled import demo
from genart_edu.lab.experiment import Experiment

PICTURE = re.compile(rb'alt=\\"Step ([\d,]+)')
WARM_UP = 30.0  # seconds: the first pictures are drawn whole, again and again
# As `genart demo --host 0.0.0.0 --open`; each of its processes tells of itself on a signal.
SERVER = """
from genart_edu.bundled import demo
usher = demo("usher")
usher.SERVE = "from benchmarks.classroom import answer; answer(); " + usher.SERVE
demo("app").launch(host="0.0.0.0", open_to_all=True, open_browser=False)
"""


def answer() -> None:
    """In a process of the classroom: on a signal write down what there is, for `tell`."""
    note = Path(os.environ["GENART_TELL"]) / f"{os.getpid()}.json"

    def write(*_: object) -> None:
        gc.collect()
        status = Path("/proc/self/status").read_text("utf-8")
        rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
        lives = demo("shared").visitors._lives
        runs = {key: (live.run.step, fingerprint(live.run)) for key, live in lives.items()}
        note.with_suffix(".new").write_text(json.dumps({"rss": rss, "runs": runs}), "utf-8")
        note.with_suffix(".new").replace(note)

    signal.signal(signal.SIGUSR1, write)
    note.write_text("", "utf-8")


def tell(notes: Path) -> dict[str, Any]:
    """Of all processes: runs by their key, (step, fingerprint); rss, MB of the largest."""
    processes = [*notes.glob("*.json")]
    for note in processes:
        note.write_text("", "utf-8")
        os.kill(int(note.stem), signal.SIGUSR1)
    while not all(note.read_text("utf-8") for note in processes):
        time.sleep(0.1)
    told = [json.loads(note.read_text("utf-8")) for note in processes]
    runs = {key: run for each in told for key, run in each["runs"].items()}
    return {"runs": runs, "rss": [each["rss"] for each in told]}


def fingerprint(run: Any) -> str:
    """Of all that a trainer is, to the bit."""
    parts = run.trainer.state_dict()
    digest = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            digest.update(part.contiguous().numpy().tobytes())
        elif isinstance(part, dict):
            for key in sorted(part, key=str):
                add(part[key])
        elif isinstance(part, list | tuple):
            for each in part:
                add(each)
        else:
            digest.update(repr(part).encode())

    add(parts)
    return digest.hexdigest()


class Page:
    """What a browser knows of a page: its components, and which event belongs to what."""

    def __init__(self, html: str) -> None:
        found = re.search(r"window\.gradio_config = (\{.*?\});\s*</script>", html, re.DOTALL)
        assert found
        self.config = json.loads(found[1])

    def part(self, label: str, nth: int = 0) -> int:
        """The id of the nth component that says `label`, a button or a box."""
        key = json.dumps(f'"key": "{label}"')[1:-1]
        said = [(c["id"], json.dumps(c["props"])) for c in self.config["components"]]
        return [each for each, props in said if key in props][nth]

    def event(self, label: str, nth: int = 0, kind: str = "click") -> dict[str, Any]:
        """What happens when the nth component that says `label` is pressed."""
        of = self.part(label, nth)
        return next(d for d in self.config["dependencies"] if [of, kind] in _lists(d["targets"]))

    def loads(self) -> list[dict[str, Any]]:
        """What happens when the page opens."""
        every = self.config["dependencies"]
        return [d for d in every if any(t[1] == "load" for t in d["targets"]) and d["backend_fn"]]


def _lists(targets: list[Any]) -> list[list[Any]]:
    return [list(target) for target in targets]


class Visitor:
    """One who has a page open."""

    def __init__(self, url: str) -> None:
        # A connection that was kept may be closed while it is asked again: browsers then ask anew.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self.client = httpx.AsyncClient(base_url=url, timeout=120, limits=limits)
        self.session = secrets.token_hex(6)
        self.queues: dict[str, asyncio.Queue[Any]] = {}
        self.pictures: list[tuple[float, int]] = []  # when, and of which step
        self.tasks: list[asyncio.Task[None]] = []
        self._stream: asyncio.Task[None] | None = None

    async def ask(self, event: dict[str, Any], data: list[Any]) -> AsyncIterator[Any]:
        """Start an event, and what comes of it: messages of Gradio's queue."""
        body = {"fn_index": event["id"], "data": data, "session_hash": self.session}
        body |= {"trigger_id": None, "event_data": None}
        answer = await self.client.post("/gradio_api/queue/join", json=body)
        answer.raise_for_status()
        mine = self.queues.setdefault(answer.json()["event_id"], asyncio.Queue())
        if self._stream is None or self._stream.done():
            self._stream = asyncio.create_task(self._listen())
        while True:
            message = await mine.get()
            yield message
            if message["msg"] == "process_completed":
                return

    async def answer(self, event: dict[str, Any], data: list[Any]) -> Any:
        """The last of what comes of it."""
        *_, last = [message async for message in self.ask(event, data)]
        if not last["success"]:
            raise RuntimeError(last["output"])
        return last["output"]

    async def _listen(self) -> None:
        where = f"/gradio_api/queue/data?session_hash={self.session}"
        async with self.client.stream("GET", where) as stream:
            pieces: list[bytes] = []
            async for piece in stream.aiter_raw():
                pieces.append(piece)
                if piece.endswith(b"\n\n"):
                    for line in b"".join(pieces).split(b"\n\n"):
                        self._hear(line)
                    pieces.clear()

    def _hear(self, line: bytes) -> None:
        """A message of the stream.  A picture is only noted: browsers have cores of their own."""
        if found := PICTURE.search(line):
            self.pictures.append((time.perf_counter(), int(found[1].replace(b",", b""))))
        if line.startswith(b"data:") and not (found and b"process_generating" in line[:200]):
            message = json.loads(line[5:])
            if message.get("event_id"):
                queue = self.queues.setdefault(message["event_id"], asyncio.Queue())
                queue.put_nowait(message)

    async def heart(self) -> None:
        """As long as this goes on, the page is open."""
        async with self.client.stream("GET", f"/gradio_api/heartbeat/{self.session}") as beats:
            async for _ in beats.aiter_bytes():
                pass

    async def open(self, load: dict[str, Any], query: str) -> None:
        """Open the page by a link."""
        await self.client.get("/")  # and get the cookie of a process
        self.tasks.append(asyncio.create_task(self.heart()))
        await self.answer(load, [False, False, query])

    async def play(self, event: dict[str, Any]) -> None:
        """Press Play; the pictures are noted until somebody presses Pause."""
        async for message in self.ask(event, []):
            if message["msg"] == "process_completed" and not message["success"]:
                raise RuntimeError(message["output"])

    async def close(self) -> None:
        """Close the page."""
        for task in [*self.tasks, *filter(None, [self._stream])]:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()


def alone(kind: str, seed: int, steps: int) -> str:
    """The fingerprint of such a run, without a server."""
    run, _ = wanted(kind, seed).start()
    for _ in run.play(steps, every=steps):
        pass
    return fingerprint(run)


def wanted(kind: str, seed: int) -> Experiment:
    """What a visitor trains."""
    return Experiment(kind, "ring" if kind == "gan" else "digits", seed=seed)


async def lesson(
    url: str, kinds: list[int], seconds: float
) -> tuple[dict[str, Any], list[Visitor]]:
    """Visitors open the page, all press Play, and after so many seconds each presses Pause.

    kinds: 0 for who trains the VAE, 1 for who trains the GAN.  -> gaps (seconds between two
    pictures), rates (steps a second, by visitor), pauses (seconds), and the visitors, who are still
    there.
    """
    everybody = [Visitor(url) for _ in kinds]
    page = Page((await everybody[0].client.get("/")).text)
    for i, (each, kind) in enumerate(zip(everybody, kinds, strict=True)):
        query = f"vae.seed={i}&gan.seed={i}&gan.data=ring"
        await each.open(page.loads()[kind], query)
    both = zip(everybody, kinds, strict=True)
    presses = [each.play(page.event("Play", kind)) for each, kind in both]
    playing = [asyncio.create_task(press) for press in presses]
    await asyncio.sleep(WARM_UP)  # the first pictures are drawn whole
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    over = time.perf_counter()
    pauses = []
    for each, kind in zip(everybody, kinds, strict=True):
        asked = time.perf_counter()
        await each.answer(page.event("Pause", kind), [])
        pauses.append(time.perf_counter() - asked)
    await asyncio.gather(*playing)
    gaps, rates = [], []
    for each in everybody:
        seen = [(at, step) for at, step in each.pictures if began <= at <= over]
        gaps += [late[0] - early[0] for early, late in pairwise(seen)]
        rates.append((seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]))
    return {"gaps": gaps, "rates": rates, "pauses": pauses}, everybody


async def drag(url: str, n: int, seconds: float) -> list[float]:
    """n visitors drag z over the latent plane, each with one question at a time.  -> seconds."""
    waits: list[float] = []

    async def hand(i: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            page = Page((await client.get("/latent-space")).text)  # and the cookie of a process
            parts = page.config["components"]
            plane = next(c["id"] for c in parts if c["props"].get("server_fns"))
            rng, session = np.random.default_rng(i), secrets.token_hex(6)
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                body = {"data": question(rng), "component_id": plane, "fn_name": "ask"}
                asked = time.perf_counter()
                answer = await client.post(
                    "/gradio_api/component_server", json=body | {"session_hash": session}
                )
                answer.raise_for_status()
                waits.append(time.perf_counter() - asked)
                await asyncio.sleep(1 / 60)  # the next picture of the browser

    await asyncio.gather(*map(hand, range(n)))
    return waits


def question(rng: np.random.Generator) -> Any:
    """What the latent plane asks of the server while z is dragged."""
    return {"space": "plane", "point": rng.uniform(-3, 3, 2).tolist()}


def quantiles(values: list[float]) -> str:
    """Of seconds."""
    return "{:.0f} ms, p95 {:.0f} ms".format(*1_000 * np.quantile(values, [0.5, 0.95]))


def main() -> None:
    """Serve the classroom, fill it, and print a table in Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--classes", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as notes, tempfile.TemporaryDirectory() as temporary:
        more = {"TMPDIR": temporary, "OMP_NUM_THREADS": "1", "GENART_TELL": notes}
        pipe: Any = {"stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-c", SERVER]
        with subprocess.Popen(command, env=os.environ | more, **pipe) as server:
            assert server.stdout
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found
            print("| what | measured |\n| --- | --- |", flush=True)
            for n in 1, options.visitors:
                waits = quantiles(asyncio.run(drag(found[0], n, 10)))
                print(f"| z dragged by {n}, until answered | {waits} |", flush=True)
            asyncio.run(classes(found[0], Path(notes), Path(temporary), options))
            server.send_signal(signal.SIGINT)


async def classes(url: str, notes: Path, temporary: Path, options: Any) -> None:
    """Single visitors, and then whole classes."""
    n = options.visitors
    single = []
    for kind in 0, 1:
        found, everybody = await lesson(url, [kind], 15)
        single += found["rates"]
        for each in everybody:
            await each.close()
    for i in range(options.classes):
        found, everybody = await lesson(url, [k % 2 for k in range(n)], options.seconds)
        told = tell(notes)
        share = sum(rate / single[k % 2] for k, rate in enumerate(found["rates"]))
        even = min(found["rates"][::2]) / max(found["rates"][::2])
        print(f"| class {i + 1}: between two pictures of a visitor | {quantiles(found['gaps'])} |")
        print(f"| all steps together, beside a single visitor's | {share:.0%} |")
        print(f"| slowest VAE beside the fastest | {even:.0%} |")
        print(f"| until Pause is answered | {quantiles(found['pauses'])} |")
        if i == 0:
            exact = 0
            for k, each in enumerate(everybody):
                model = ("vae", "gan")[k % 2]
                step, seen = told["runs"][f"{each.session}/losses-{model}"]
                exact += alone(model, k, step) == seen
            print(f"| to the bit as alone | {exact} of {n} |", flush=True)
        for each in everybody:
            await each.close()
        await asyncio.sleep(5)
        told, files = tell(notes), [path for path in temporary.rglob("*") if path.is_file()]
        memory = " + ".join(f"{rss:.0f}" for rss in told["rss"])
        left = f"{len(told['runs'])} runs, {len(files)} files, {memory} MB"
        print(f"| left when it has gone | {left} |", flush=True)


if __name__ == "__main__":
    main()
