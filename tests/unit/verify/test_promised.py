"""What the models promise of an image is what the verifier holds it to."""

from typing import Any

import pytest

from bake_compiler import Attest, Component, Expr, Image, Join, Phase, Project, Var
from bake_compiler.model import Stack
from bake_compiler.model.values import Value
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, make_plan
from bake_compiler.verify import Annotation, Level, Promise
from bake_compiler.verify.promised import promise_of

ARM64 = Platform.parse("arm64")
_OCI = "org.opencontainers.image"


def planned(image: Image, **project: Any) -> Plan:
    phases = (Phase(name="first"),)
    whole = Project(name="acme", registry="r.test", tag="1.0", platforms=("amd64", "arm64"), phases=phases, **project)
    return make_plan(Stack(whole, {"web": Component(phase="first", images=(image,))}))


def promised(image: Image, variables: dict[str, object] | None = None, **project: Any) -> Promise:
    plan = planned(image, **project)
    return promise_of(plan, plan.image("web"), {**plan.defaults, **(variables or {})})


def test_the_first_public_tag_and_the_platforms_are_promised() -> None:
    promise = promised(Image(name="web", tags=(Var("TAG"), "latest"), foreign=("opt/cross/*",)), {"TAG": "2.0"})

    assert (str(promise.reference), list(map(str, promise.platforms)), promise.foreign) == (
        "r.test/web:2.0",
        ["linux/amd64", "linux/arm64"],
        ("opt/cross/*",),
    )


def test_labels_of_project_and_image_are_promised_with_their_variables_replaced() -> None:
    labels: dict[str, Value | None] = {"team": "core", "base": Join("debian:", Var("TAG")), "gone": None}

    promise = promised(Image(name="web", labels=labels, description="the site"), {"TAG": "2.0"})

    assert promise.labels["team"] == "core"
    assert promise.labels["base"] == "debian:2.0"
    assert promise.labels[f"{_OCI}.version"] == "2.0"
    assert promise.labels[f"{_OCI}.description"] == "the site"
    assert "gone" not in promise.labels


def test_the_revision_is_promised_when_it_is_known() -> None:
    key = f"{_OCI}.revision"

    assert key not in promised(Image(name="web")).labels
    assert promised(Image(name="web"), {"REVISION": "abc"}).labels[key] == "abc"


def test_a_label_that_only_buildx_can_evaluate_may_have_any_value() -> None:
    assert promised(Image(name="web", labels={"up": Expr("upper(TAG)")})).labels["up"] is None


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("a.b", [(Level.MANIFEST, None)]),
        ("index:a.b", [(Level.INDEX, None)]),
        ("index,manifest:a.b", [(Level.INDEX, None), (Level.MANIFEST, None)]),
        ("manifest[linux/arm64]:a.b", [(Level.MANIFEST, ARM64)]),
        ("manifest-descriptor[linux/arm64],index:a.b", [(Level.MANIFEST_DESCRIPTOR, ARM64), (Level.INDEX, None)]),
    ],
)
def test_annotations_are_promised_at_their_levels(key: str, wanted: list[tuple[Level, Platform | None]]) -> None:
    promise = promised(Image(name="web", annotations={key: "x=y"}))

    assert promise.annotations == tuple(Annotation(level, platform, "a.b", "x=y") for level, platform in wanted)


@pytest.mark.parametrize(
    ("attest", "wanted"),
    [
        ((), True),
        ((Attest(type="provenance"),), True),
        ((Attest(type="provenance", mode="max"), Attest(type="sbom")), True),
        ((Attest(type="sbom"),), True),
        ((Attest(type="provenance", disabled=True),), False),
    ],
)
def test_provenance_is_promised_unless_the_author_asks_for_none(attest: tuple[Attest, ...], wanted: bool) -> None:
    assert promised(Image(name="web", attest=attest)).provenance == wanted


def test_an_image_may_take_back_the_provenance_that_the_project_asks_for() -> None:
    wanted = (Attest(type="provenance", mode="max"),)
    image = Image(name="web", attest=(Attest(type="provenance", disabled=True),))

    assert not promised(image, attest=wanted).provenance
    assert promised(Image(name="web"), attest=wanted).provenance
