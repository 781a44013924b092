"""Chromium without a window."""

import shutil
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def command(folder: Path) -> list[str]:
    """The command, with a profile of its own in `folder`; scripts have ten seconds of virtual time."""
    assert BROWSER
    return [BROWSER, *QUIET, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=10000"]
