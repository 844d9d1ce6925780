"""An editor shows the description of a field where somebody writes it: pyright as a language server is asked."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

from bake_compiler.model import Model
from docs import generate
from tests.typing.sources import models

pytestmark = pytest.mark.slow

_FOLDER = {"pythonPath": sys.executable}


_said = cache(generate.meanings)


class Server:
    """A language server behind a pair of pipes.

    Source: the Language Server Protocol 3.17, "Base Protocol" and "Hover Request".
    """

    def __init__(self, written: IO[bytes], read: IO[bytes]) -> None:
        self.written, self.read, self.asked = written, read, 0

    def tell(self, method: str, **params: Any) -> None:
        """Send what has no answer."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request; the server's own requests are answered meanwhile."""
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        while (message := self._receive()).get("id") != self.asked or "method" in message:
            if message.get("method") == "workspace/configuration":
                self._send({"id": message["id"], "result": [_FOLDER for _ in message["params"]["items"]]})
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
        return message["result"]

    def _send(self, message: Mapping[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.written.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self.written.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while line := self.read.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self.read.read(length))
        return message


@contextmanager
def pyright(folder: Path) -> Iterator[Server]:
    """pyright as an editor starts it for a folder."""
    argv = [sys.executable, "-m", "pyright.langserver", "--stdio"]
    with subprocess.Popen(argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        server = Server(process.stdin, process.stdout)
        text = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}, "workspace": {"configuration": True}}
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        server.ask("initialize", processId=None, rootUri=folder.as_uri(), workspaceFolders=folders, capabilities=text)
        server.tell("initialized")
        yield server
        server.ask("shutdown")
        server.tell("exit")


def test_hovering_over_a_field_shows_its_description(tmp_path: Path) -> None:
    fields = [(kind, name) for kind in models() for name in kind.model_fields]
    text = "from bake_compiler import *\n" + "".join(f"{kind.__name__}({name}=None)\n" for kind, name in fields)
    document = {"uri": (tmp_path / "every_field.py").as_uri()}
    shown = {}
    with pyright(tmp_path) as server:
        server.tell(
            "textDocument/didOpen", textDocument={**document, "languageId": "python", "version": 1, "text": text}
        )
        for line, (kind, name) in enumerate(fields, 1):
            place = {"line": line, "character": len(kind.__name__) + 1}
            found = server.ask("textDocument/hover", textDocument=document, position=place)
            shown[kind.__name__, name] = " ".join(found["contents"]["value"].split()) if found else ""

    meant = {(kind.__name__, name): _description(kind, name) for kind, name in fields}
    assert {field: text for field, text in shown.items() if not text.endswith(meant[field])} == {}
    assert all(meant.values())


def _description(kind: type, field: str) -> str:
    """What the class that declares the field says of it."""
    return next((said[field] for base in kind.mro() if issubclass(base, Model) and field in (said := _said(base))), "")
