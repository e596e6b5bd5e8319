"""Which device, how many threads, and the random streams of a run."""

import os

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" takes CUDA, else MPS, else the CPU.

    ValueError for a name that is none of DEVICES, or a device that this machine lacks.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    here = {"cuda": cuda, "mps": mps, "cpu": True}
    if name == "auto":
        name = next(device for device, available in here.items() if available)
    if name not in here:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {name!r}.")
    if not here[name]:
        raise ValueError(f"PyTorch finds no {name} device on this machine: use auto or cpu.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """One line for people: "CPU (2 cores, 1 thread)", or a GPU by its name."""
    if device.type == "cuda":
        return f"CUDA ({torch.cuda.get_device_name(device)})"
    if device.type == "mps":
        return "MPS (Apple GPU)"
    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    return f"CPU ({_count(cores, 'core')}, {_count(threads, 'thread')})"


def set_threads(threads: int = 1) -> None:
    """How many CPU threads PyTorch uses: chosen before a run's first step, never changed in it.

    Small networks are fastest on one, and two thread counts differ in the last bits of a sum.
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1; got {threads}.")
    torch.set_num_threads(threads)


def rngs(seed: int, n: int, device: torch.device | str = "cpu") -> list[torch.Generator]:
    """`n` independent random streams on `device` from one seed; a larger `n` changes no stream."""
    root = torch.Generator().manual_seed(seed)
    # 32 bits: torch's CPU generator ignores the rest of a seed.
    seeds = torch.randint(2**32, (n,), generator=root).tolist()
    return [torch.Generator(device).manual_seed(stream) for stream in seeds]


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
