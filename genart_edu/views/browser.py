"""The views that are drawn by a browser: what a widget or a page needs to show one."""

from pathlib import Path

JS = Path(__file__).with_name("js")


def sources(name: str) -> tuple[str, str]:
    """The view `name`, e.g. "pad".  -> its JavaScript, as one module, and its CSS."""
    common, script, css = (
        (JS / file).read_text("utf-8") for file in ("common.js", f"{name}.js", f"{name}.css")
    )
    return common + script, css
