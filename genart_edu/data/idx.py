"""IDX files: MNIST and its kin, 60,000 training and 10,000 test pictures of 28x28 pixels.

They are not part of the package.  The first use downloads four files, whose SHA-256 must be the
published one; from then on they lie in a folder of yours and the network is not needed.
"""

import gzip
import json
import math
import zlib
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pooch
import torch

from genart_edu.data.images import Images

FILES = (
    *("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    *("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
)


class Source(NamedTuple):
    """Where the four FILES of a data set are found, what they must be, and the class names."""

    urls: tuple[str, ...]  # folders, tried in this order
    sha256: tuple[str, ...]  # one a file, in the order of FILES
    names: tuple[str, ...]


TABLE = json.loads(Path(__file__).with_name("idx.json").read_text("utf-8"))
SOURCES = {name: Source(*(tuple(row[k]) for k in Source._fields)) for name, row in TABLE.items()}


def idx(
    name: str, cache: Path | str | None = None, source: Source | None = None
) -> tuple[Images, Images]:
    """(train, test) of `mnist`, `fashion-mnist` or `kmnist`, downloaded once and then kept.

    cache: the folder for the files, else one for this data set among your user's caches.
    source: where from, e.g. a school's own mirror:
        SOURCES["mnist"]._replace(urls=("http://mirror.example/mnist/",))
    Raises ConnectionError, saying what to do, where files are missing and cannot be downloaded;
    ValueError for an unknown name or a broken file.
    """
    if source is None and name not in SOURCES:
        raise ValueError(f"IDX data must be one of {', '.join(SOURCES)}; got {name!r}.")
    source = source or SOURCES[name]
    folder = Path(cache).expanduser() if cache else cache_folder(name)
    train_x, train_labels, test_x, test_labels = _fetch(source, folder)
    train = _images(train_x, train_labels, source.names)
    return train, _images(test_x, test_labels, source.names)


def cache_folder(name: str) -> Path:
    """Where the files of a data set are kept, unless you say otherwise."""
    return Path(pooch.os_cache("genart_edu")) / name


def read_idx(path: Path, dims: int) -> np.ndarray:
    """The array of unsigned bytes, of `dims` dimensions, in a gzipped IDX file.

    The format: two zero bytes, 0x08 for unsigned bytes, the number of dimensions; the size of each
    as a big-endian 32-bit number; then the values.  Raises ValueError where a file breaks it.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ValueError(f"{path} is cut short or is not a gzip file.") from None
    start = 4 + 4 * dims
    if len(content) < start or content[:4] != bytes([0, 0, 8, dims]):
        raise ValueError(f"{path} is not an IDX file of bytes in {dims} dimension(s).")
    sizes = np.frombuffer(content, ">u4", count=dims, offset=4).tolist()
    if len(content) - start != math.prod(sizes):
        promised = " x ".join(map(str, sizes))
        raise ValueError(f"{path} promises {promised} values but holds {len(content) - start}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes).copy()


def _images(pixels_path: Path, labels_path: Path, names: tuple[str, ...]) -> Images:
    pixels, labels = read_idx(pixels_path, dims=3), read_idx(labels_path, dims=1)
    if len(pixels) != len(labels):
        held = f"{len(pixels)} pictures and {len(labels)} labels"
        raise ValueError(f"{pixels_path} and {labels_path} hold {held}.")
    if labels.max(initial=0) >= len(names):
        raise ValueError(f"{labels_path} holds a label over {len(names) - 1}.")
    return Images(torch.from_numpy(pixels).unsqueeze(1), torch.from_numpy(labels).long(), names)


def _fetch(source: Source, folder: Path) -> list[Path]:
    """The paths of the four files, each of them checked against its hash."""
    pooch.get_logger().setLevel("WARNING")  # it would announce every file
    paths = [folder / file for file in FILES]
    for path, sha256 in zip(paths, source.sha256, strict=True):
        tries = (_download(url + path.name, sha256, path) for url in source.urls)
        reasons = [*takewhile(bool, tries)]  # up to the first that came
        if len(reasons) == len(source.urls):
            state = "is not the published file" if path.exists() else "is missing"
            why = " and ".join(dict.fromkeys(reasons))
            get = f"get {', '.join(FILES)}, each from {source.urls[0]} followed by its name"
            once = f"connect to the internet once, or {get}, and put them into {folder}"
            raise ConnectionError(f"{path} {state}, and {why}: {once}.")
    return paths


def _download(url: str, sha256: str, path: Path) -> str:
    """Bring the file unless it lies there already, whole; say why that failed, or "".

    pooch writes into a temporary file and moves it only if its hash is right.
    """
    import requests  # 0.2 s that only this function should cost

    host = urlsplit(url).netloc
    # a server may pack what it sends once more, and the hash would be that of the unpacked file
    get = pooch.HTTPDownloader(timeout=20, headers={"Accept-Encoding": "identity"})
    try:
        pooch.retrieve(url, f"sha256:{sha256}", path.name, path.parent, downloader=get)
    except requests.HTTPError as error:
        return f"{host} answered {str(error).partition(' for url')[0]}"
    except requests.RequestException:
        return f"{host} could not be reached"
    except ValueError:
        return f"what {host} sent is not the published file (its SHA-256 differs)"
    return ""
