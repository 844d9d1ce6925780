import subprocess
import sys
from pathlib import Path

import pytest

READ_A_LARGE_LAYER = """
import sys, tarfile, zlib
from pathlib import Path
from bake_compiler.layers.layer import LayerReader
from bake_compiler.layers.tree import Tree
from tests.unit.layers.made import GZIP, elf

entries, size = map(int, sys.argv[1:])
compressor = zlib.compressobj(1, wbits=31)
reader = LayerReader(GZIP)
program, content = elf(), b"x" * size
for index in range(entries):
    head = program if index % 50 == 0 else b""
    info = tarfile.TarInfo(f"opt/some/directory-{index // 100}/a-file-with-a-name-{index}")
    info.size, info.mode = len(head) + size, 0o755
    block = info.tobuf() + head + content
    reader.feed(compressor.compress(block + bytes(-len(block) % 512)))
reader.feed(compressor.flush())
layer = reader.close()
tree = Tree()
tree.apply(layer)
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(sum(1 for _ in tree.programs()), peak)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux to say how much memory was used")
@pytest.mark.parametrize(("entries", "size"), [(40_000, 100), (2_000, 200_000)])
def test_memory_does_not_grow_with_the_layer(entries: int, size: int) -> None:
    argv = [sys.executable, "-c", READ_A_LARGE_LAYER, str(entries), str(size)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)

    programs, kibibytes = map(int, done.stdout.split())

    assert programs == entries // 50
    assert kibibytes < 100_000
