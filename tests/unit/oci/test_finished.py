import json

import pytest

from bake_compiler.oci.finished import finished_at


@pytest.mark.parametrize(
    "predicate",
    [
        {"metadata": {"buildFinishedOn": "2026-11-24T19:33:20Z"}},
        {"runDetails": {"metadata": {"finishedOn": "2026-11-24T20:33:20.000000000+01:00"}}},
    ],
)
def test_both_versions_of_provenance_say_when_the_build_ended(predicate: object) -> None:
    assert finished_at(json.dumps({"predicate": predicate}).encode()) == 1795548800.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"predicate": []}',
        b'{"predicate": {"metadata": null}}',
        b'{"predicate": {"metadata": {"buildFinishedOn": "yesterday"}}}',
        b'{"predicate": {"metadata": {"buildFinishedOn": 5}}}',
        b'{"predicate": {"metadata": {"buildFinishedOn": "2026-11-24T19:33:20"}}}',
        b"[" * 100_000,
    ],
)
def test_what_does_not_say_says_nothing(content: bytes) -> None:
    assert finished_at(content) is None
