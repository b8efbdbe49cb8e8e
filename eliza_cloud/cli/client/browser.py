"""Opening the sign-in page, where there is a browser to open it."""

import os
import subprocess
import sys
from collections.abc import Mapping

from eliza_cloud.store.config.env import child_environment


def has_browser(environ: Mapping[str, str]) -> bool:
    """Tell whether a browser would open before the user's eyes: not over SSH, not without a display.

    A set BROWSER says that there is one, wherever we run.
    """
    if environ.get("BROWSER"):
        return True
    if "SSH_CONNECTION" in environ or "SSH_TTY" in environ:
        return False
    if sys.platform.startswith("linux"):
        return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return True


def open_browser(url: str) -> subprocess.Popen[bytes] | None:
    """Open a web page in a browser that inherits neither key nor token; returns what starts it."""
    if not url.startswith(("https://", "http://")):
        return None
    return subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-P", "-m", "webbrowser", url],
        env=child_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
