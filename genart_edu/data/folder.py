"""A folder of your own pictures, whatever their kind, as one tensor of small square ones.

Files are not trusted: no other program is run for them, and one that promises too many pixels is
refused before it is decoded.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from genart_edu.data.images import Images

MAX_PIXELS = 80_000_000  # decoded, such a picture takes 240 MB
COLOUR = 8  # of 255: channels that differ by less are grey, but for JPEG's rounding


def folder(path: Path | str, size: int = 28) -> Images:
    """Every picture under `path`, cut to its middle square and scaled to (size, size).

    Gives Images with C = 3 if any picture has colour, else C = 1, in the order of their paths.
    If all of them lie in subfolders, the subfolders are the classes.  Transparent parts turn white,
    an animation gives its first frame, and what is hidden (a name with a dot first) is passed over.

    Files that are no picture, broken or too large are skipped, and named in one warning.
    Raises NotADirectoryError for a path that is no folder, ValueError where no picture is left.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise NotADirectoryError(f"There is no folder {root}.")
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel; got {size}.")
    pictures, problems = _read_all(root, size)
    if not pictures:
        raise ValueError(f"No picture can be read from the folder {root}{_listed(problems)}.")
    if problems:
        count = f"{len(problems)} of {len(pictures) + len(problems)} files"
        warnings.warn(f"Skipped {count} in {root}{_listed(problems)}.", stacklevel=2)
    channels = max(picture.shape[-1] for picture in pictures.values())
    alike = [np.broadcast_to(x, (size, size, channels)) for x in pictures.values()]
    pixels = torch.from_numpy(np.stack(alike))  # (N, size, size, 1 or 3)
    if (pixels.amax(-1) - pixels.amin(-1)).max() <= COLOUR:
        pixels = pixels[..., :1]
    return Images(pixels.permute(0, 3, 1, 2).contiguous(), *_classes(list(pictures)))


def _read_all(root: Path, size: int) -> tuple[dict[Path, np.ndarray], dict[Path, str]]:
    """What could be read, and why the rest could not, by path below `root`."""
    names = [file.relative_to(root) for file in root.rglob("*") if file.is_file()]
    pictures, problems = {}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders complain about harmless things
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for name in sorted(names, key=Path.as_posix):  # the same order on every system
            if any(part.startswith(".") for part in name.parts):
                continue
            try:
                pictures[name] = _read(root / name, size)
            except Exception as problem:  # hostile bytes make a decoder raise anything
                problems[name] = _reason(problem)
    return pictures, problems


def _read(file: Path, size: int) -> np.ndarray:
    """One picture, (size, size, 3) uint8; one that is all grey, a third of it: (size, size, 1)."""
    with Image.open(file) as image:  # reads the header only
        if image.format in ("EPS", "WMF"):
            raise ValueError("a drawing that only another program can open")
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        image.draft(None, (4 * size, 4 * size))  # lets JPEG decode a large photo at a fraction
        upright = ImageOps.exif_transpose(image)
    side = min(upright.size)
    left, top = (upright.width - side) // 2, (upright.height - side) // 2
    # cut, then scale: done at once, the filter would see what lies outside
    square = _rgb(upright.crop((left, top, left + side, top + side)))
    pixels = np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))
    return pixels[..., :1].copy() if (pixels == pixels[..., :1]).all() else pixels


def _rgb(image: Image.Image) -> Image.Image:
    """Three channels of 8 bits, on a white ground."""
    if image.mode[0] in "IF":  # deeper than 8 bits, where Pillow's own conversion would clip
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        top = 65_535 if image.mode[0] == "I" else max(1.0, values.max())
        image = Image.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _classes(names: list[Path]) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    """Labels (N,) and class names, if every picture lies in a subfolder."""
    if any(len(name.parts) == 1 for name in names):
        return None, ()
    classes = sorted({name.parts[0] for name in names})
    return torch.tensor([classes.index(name.parts[0]) for name in names]), tuple(classes)


def _listed(problems: dict[Path, str], at_most: int = 5) -> str:
    """`: 'a.txt' (no picture), 'b.png' (image file is truncated) and 3 more`"""
    if not problems:
        return ""
    shown = [f"{str(name)!r} ({reason})" for name, reason in problems.items()]
    rest = f" and {len(shown) - at_most} more" if len(shown) > at_most else ""
    return f": {', '.join(shown[:at_most])}{rest}"


def _reason(problem: Exception) -> str:
    if isinstance(problem, UnidentifiedImageError):
        return "no picture"  # Pillow's own words repeat the whole path
    if isinstance(problem, (Image.DecompressionBombWarning, Image.DecompressionBombError)):
        return "too many pixels"
    first_line = str(problem).partition("\n")[0].rstrip(".")
    return first_line[:80] or type(problem).__name__
