"""The report of a build, read again as the release that it was."""

import json
from pathlib import Path
from typing import Any

import pytest

from bake_compiler.errors import UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.plan import Cell
from bake_compiler.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.formats.json import render_json
from bake_compiler.verbs.release_files import load_promises

ARM64 = Platform.parse("arm64")
CELLS = [{"platform": "linux/arm64"}]
WEB = ImageResult(
    "web",
    "r.test/web:1.0",
    (CellResult(Cell("web", ARM64), Outcome.BUILT),),
    ("r.test/web:latest",),
    digest=Digest.of(b"index"),
)


def written(path: Path, image: ImageResult = WEB, **changed: Any) -> Path:
    report = Report("build", "r.test", "1.0", (image,), (), published=True)
    file = path / "release.json"
    file.write_text(json.dumps({**json.loads(render_json(report)), **changed}))
    return file


def test_a_report_of_a_build_is_a_release(tmp_path: Path) -> None:
    ((promise, tags, _),) = load_promises(written(tmp_path))

    assert (promise.image, promise.reference, promise.platforms) == ("web", Reference.parse("r.test/web:1.0"), (ARM64,))
    assert (promise.digest, promise.source) == (Digest.of(b"index"), "release.json")
    assert tags == (Reference.parse("r.test/web:latest"),)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"images": [{"name": "web", "reference": "r.test/web:1.0", "digest": None, "cells": []}]}, "images.0.digest"),
        ({"images": "none"}, "images"),
        ({"images": [{"name": "web", "reference": "R!:1", "digest": str(WEB.digest), "cells": CELLS}]}, "R!"),
        ({"images": [{"name": "web", "reference": "r/w:1", "digest": str(WEB.digest), "cells": []}]}, "images.0.cells"),
        ({"images": []}, "images"),
        ({"published": False}, "not published"),
        ({"schema": "bakec.plan/1"}, "schema"),
    ],
)
def test_what_is_no_release_is_refused_with_its_place(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=r"release\.json") as caught:
        load_promises(written(tmp_path, **changed))

    assert told in caught.value.message
    assert "bakec build" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"[]"])
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "release.json").write_bytes(content)

    with pytest.raises(UsageError):
        load_promises(tmp_path / "release.json")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_promises(tmp_path / "absent.json")
