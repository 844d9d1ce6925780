"""Chromium without a window, for tests of pages: this machine's own, else one fetched as the engine is.

Fonts and all that the program needs but the C library come with it, so that pages have text on a bare machine too.
"""

import os
import shutil
from pathlib import Path

from sandbox.archive import Archive
from sandbox.state import State, alone, run_step, say

_OWN = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
_NAME = "chromium-headless-shell"
_PACKAGES = (_NAME, "fonts-liberation")
_PREFIX = "browser"
_C_LIBRARY = "libc6_"  # with another than the machine's own, nothing would start
_LIBRARIES = ("lib/*-linux-gnu", "usr/lib/*-linux-gnu", "usr/lib/*-linux-gnu/pulseaudio")
_WRAPPER = """#!/bin/sh
own=$(cd "${{0%/*}}/../prefix/{prefix}" && pwd) || exit
export LD_LIBRARY_PATH={libraries} FONTCONFIG_FILE=$own/fonts.conf XDG_CACHE_HOME=$own/var/cache
exec "$own/usr/lib/chromium/{name}" "$@"
"""
# Debian's own configuration names absolute paths; FONTCONFIG_SYSROOT finds no font where the machine has none itself.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir prefix="relative">usr/share/fonts</dir>
<cachedir prefix="xdg">fontconfig</cachedir>
<alias><family>sans-serif</family><prefer><family>Liberation Sans</family></prefer></alias>
<alias><family>monospace</family><prefer><family>Liberation Mono</family></prefer></alias>
</fontconfig>
"""


def program(state: State) -> Path:
    """The browser to use; fetched, once, if the machine has none.

    Raises:
        SandboxError: there is none, and the archive is out of reach.
    """
    others = os.pathsep.join(part for part in os.get_exec_path() if Path(part) != state.bin)
    found = next(filter(None, (shutil.which(name, path=others) for name in _OWN)), None)
    return Path(found) if found else fetched(state)


def fetched(state: State) -> Path:
    """The sandbox's own browser, unpacked unless it is there; needs neither root nor an engine.

    Raises:
        SandboxError: the archive is out of reach, or the program does not run here.
    """
    wrapper = state.bin / _NAME
    with alone(state):
        if not wrapper.is_file():
            _fetch(Archive.of_machine(state), wrapper)
    return wrapper


def _fetch(archive: Archive, wrapper: Path) -> None:
    state = archive.state
    prefix = state.prefix / _PREFIX
    say(f"fetching {_NAME} from {archive.uri}")
    archive.update(frozenset({archive.own_release}))
    for deb in archive.closure(_PACKAGES, archive.own_release):
        if not deb.name.startswith(_C_LIBRARY):
            prefix.mkdir(parents=True, exist_ok=True)
            run_step(state, "unpack-browser", ["dpkg-deb", "-x", deb, prefix])
        deb.unlink()
    (prefix / "fonts.conf").write_text(_FONTS)
    libraries = [f"$own/{found.relative_to(prefix)}" for folder in _LIBRARIES for found in prefix.glob(folder)]
    script = _WRAPPER.format(prefix=_PREFIX, libraries=":".join(libraries), name=_NAME)
    fresh = wrapper.with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(script)
    fresh.chmod(0o755)
    run_step(state, "versions", [fresh, "--version"])
    fresh.replace(wrapper)
