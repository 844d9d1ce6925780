"""What to do about a fault."""

import pytest

from bake_compiler.buildx import Failure
from bake_compiler.buildx.faults import FAULTS
from bake_compiler.report import ImageResult
from bake_compiler.report.words.advice import advice, author_place, remedy


def failed(failure: Failure | None) -> ImageResult:
    return ImageResult("web", "r.test:5000/team/web:1", (), failure=failure)


@pytest.mark.parametrize(
    ("failure", "do"),
    [
        (Failure("1", fault="step", line="Dockerfile:7"), "fix Dockerfile:7 of web"),
        (Failure("1", fault="step", line="components/web/Dockerfile:7"), "fix components/web/Dockerfile:7"),
        (Failure("1", fault="dockerfile"), "fix the Dockerfile of web"),
        (Failure("401", fault="unauthorized"), "docker login r.test:5000"),
        (
            Failure("401", fault="unauthorized", step="[internal] load metadata for quay.test/team/base:1"),
            "docker login quay.test",
        ),
        (Failure("401", fault="unauthorized", step="FROM library/base:1"), "docker login r.test:5000"),
        (Failure("401", fault="unauthorized", step="pushing manifest for localhost/web:1"), "docker login localhost"),
        (Failure("28", fault="disk-full"), "see `docker buildx du`, make room with `docker buildx prune --all`"),
        (Failure("?", fault="unknown", log="web.log"), "see web.log"),
        (Failure("?"), "see the failure of web"),
        (None, ""),
    ],
)
def test_what_to_do_names_the_place_the_host_or_the_log(failure: Failure | None, do: str) -> None:
    assert remedy(failed(failure)) == do


def test_a_brace_in_a_text_of_others_is_a_brace() -> None:
    known = advice(failed(Failure("1", fault="step", line="{host}/Dockerfile:7")))

    assert known
    assert known.do == "fix {host}/Dockerfile:7"


def test_a_place_is_as_exact_as_it_is_known() -> None:
    assert author_place("web", Failure("1", line="a/Dockerfile:1")) == "a/Dockerfile:1"
    assert author_place("web", Failure("1", line="Dockerfile:1")) == "Dockerfile:1 of web"
    assert author_place("web", Failure("1")) == "the Dockerfile of web"


@pytest.mark.parametrize("fault", sorted({fault.name for fault in FAULTS} - {"unknown"}))
def test_each_class_of_fault_has_its_advice(fault: str) -> None:
    known = advice(failed(Failure("1", fault=fault, line="Dockerfile:7")))

    assert known
    assert known.why
    assert known.do
    assert "{" not in "".join(known)
