from pathlib import Path

import pytest

from bake_compiler.layers.layer import Layer
from bake_compiler.oci.digest import Digest
from bake_compiler.verbs.verify import layer_store as module
from bake_compiler.verbs.verify.layer_store import LayerStore
from tests.unit.layers.made import elf, file, layer_of, opaque, symlink, whiteout

LAYER = layer_of(file("bin/true", elf()), symlink("sh", "bin/true"), whiteout("a"), opaque("\udcff"))


@pytest.fixture
def store(tmp_path: Path) -> LayerStore:
    kept = LayerStore(tmp_path / "layers")
    kept.put(LAYER)
    return kept


def files(directory: Path) -> list[Path]:
    return sorted((directory / "layers").iterdir())


def get(store: LayerStore) -> Layer | None:
    return store.get(LAYER.facts.digest)


def test_a_layer_comes_back_as_it_was_put(store: LayerStore) -> None:
    found = get(store)

    assert found == LAYER
    assert list(found.records()) == list(LAYER.records())


def test_another_layer_is_not_there(store: LayerStore) -> None:
    assert store.get(Digest.of(b"other")) is None


def test_nothing_is_in_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert get(LayerStore(tmp_path / "none")) is None


def test_there_is_one_file_for_each_layer_and_nothing_else(store: LayerStore, tmp_path: Path) -> None:
    store.put(LAYER)

    assert [path.name for path in files(tmp_path)] == [f"sha256-{LAYER.facts.digest.encoded}"]


def test_a_file_that_is_damaged_anywhere_is_no_file(store: LayerStore, tmp_path: Path) -> None:
    (path,) = files(tmp_path)
    content = path.read_bytes()

    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert get(store) is None
        path.write_bytes(content[:at])
        assert get(store) is None


def test_a_file_of_another_version_is_no_file_and_is_replaced(
    store: LayerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert get(store) is None

    store.put(LAYER)
    assert get(store) == LAYER
    assert len(files(tmp_path)) == 1


def test_a_file_under_another_digest_is_not_taken_for_it(store: LayerStore, tmp_path: Path) -> None:
    (path,) = files(tmp_path)
    other = Digest.of(b"other")
    path.rename(path.with_name(f"sha256-{other.encoded}"))

    assert store.get(other) is None


def test_a_directory_that_cannot_be_written_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "layers").write_text("a file")

    with pytest.raises(OSError, match="exists"):
        LayerStore(tmp_path / "layers").put(LAYER)


def test_a_put_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_source: Path, _target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises(OSError, match="disk full"):
        LayerStore(tmp_path / "layers").put(LAYER)
    assert files(tmp_path) == []
