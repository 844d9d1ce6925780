"""bakec.lock as text."""

import pytest

from bake_compiler.errors import ModelError
from bake_compiler.model.lock_file import Locked, parse_lock, render_lock
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform

DIGEST = Digest.of(b"base")
BUSYBOX = Locked("busybox", DIGEST, (Platform.parse("amd64"), Platform.parse("arm64")), "2026-11-28T13:00:00Z")


def test_each_base_is_a_block_of_lines_of_its_own() -> None:
    first, block = render_lock([BUSYBOX]).split("\n\n")

    assert first.splitlines()[-1] == "version = 1"
    assert block == (
        f'[base."busybox"]\ndigest = "{DIGEST}"\nplatforms = ["linux/amd64", "linux/arm64"]\n'
        'resolved = "2026-11-28T13:00:00Z"\n'
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<<<<<<< HEAD\n", "bakec.lock:1: not valid TOML"),
        ("version = 2\n", "bakec.lock: version: it is 2"),
        ("", "version: it is None"),
        ("version = 1\nbase = 3\n", "base: not a table"),
        ("version = 1\n[base.x]\n", "base.x: it needs digest, platforms and resolved"),
        ('version = 1\n[base.x]\ndigest = "1"\nplatforms = []\nresolved = ""\n', "base.x: '1' is not a digest"),
        (f'version = 1\n[base.x]\ndigest = "{DIGEST}"\nplatforms = [7]\nresolved = ""\n', "7 is not a platform"),
    ],
)
def test_what_is_no_lock_is_said_with_what_to_do(text: str, told: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_lock(text)

    (problem,) = caught.value.problems
    assert told in str(problem)
    assert "run `bakec lock`" in problem.hint
