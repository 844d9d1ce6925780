"""Writing of files that are always complete."""

import os
from pathlib import Path


def write_whole(path: Path, text: str, *, folders: bool = True) -> None:
    """Write a file so that no reader ever sees a part of it. The file keeps its mode, and a link to it stays a link.

    A pipe or a device, such as /dev/stdout, is written to as it is.

    Args:
        path: the file.
        text: the whole content.
        folders: whether to make missing folders above the file.

    Raises:
        OSError: the file can't be written; its old content is unchanged.
    """
    file = Path(os.path.realpath(path))
    if file.exists() and not file.is_file():
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        return
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        if folders:
            file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
        if file.exists():
            part.chmod(file.stat().st_mode & 0o7777)
        part.replace(file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)
