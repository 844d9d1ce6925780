import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.verify.manifests.label import check_label
from tests.fakes.images import Made, attestation_of, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import error, found, lose, promise

VERSION, REVISION = "org.opencontainers.image.version", "org.opencontainers.image.revision"
WANTED = promise("linux/amd64", "linux/arm64", labels={VERSION: "1.0", REVISION: None})
RIGHT = {VERSION: "1.0", REVISION: "4f2a1c"}


def labelled(amd64: dict[str, str] | None, arm64: dict[str, str] | None) -> Made:
    said = {"linux/amd64": amd64, "linux/arm64": arm64}
    return index_of(*(image_of(platform, run={"Labels": labels}) for platform, labels in said.items()))


def test_labels_as_the_models_say_are_right() -> None:
    assert found(check_label, WANTED, snapshot_of(labelled(RIGHT, RIGHT))) == []


def test_labels_that_nobody_promised_are_right() -> None:
    more = {**RIGHT, "maintainer": "somebody"}

    assert found(check_label, WANTED, snapshot_of(labelled(more, more))) == []


def test_a_label_that_may_have_any_value_must_be_there() -> None:
    assert found(check_label, WANTED, snapshot_of(labelled(RIGHT, {VERSION: "1.0"}))) == [error("label", "linux/arm64")]


def test_a_label_of_another_value_is_wrong_on_its_platform_and_says_both() -> None:
    snapshot = snapshot_of(labelled({**RIGHT, VERSION: "0.9"}, RIGHT))

    (finding,) = check_label(WANTED, snapshot)

    assert found(check_label, WANTED, snapshot) == [error("label", "linux/amd64")]
    assert "'0.9'" in finding.message
    assert "'1.0'" in finding.message


@pytest.mark.parametrize("labels", [None, {}])
def test_an_image_without_labels_lacks_all_of_them(labels: dict[str, str] | None) -> None:
    assert found(check_label, WANTED, snapshot_of(labelled(RIGHT, labels))) == [error("label", "linux/arm64")] * 2


def test_an_empty_label_is_not_one_that_is_missing() -> None:
    wanted = promise("linux/amd64", labels={VERSION: ""})

    assert (
        found(check_label, wanted, snapshot_of(index_of(image_of("linux/amd64", run={"Labels": {VERSION: ""}})))) == []
    )
    assert found(check_label, wanted, snapshot_of(index_of("linux/amd64"))) == [error("label", "linux/amd64")]


def test_attestations_and_configs_that_could_not_be_read_are_not_judged() -> None:
    made = image_of("linux/arm64")
    snapshot = snapshot_of(index_of(made, attestation_of(made)), lose(Digest.of(made.blobs[0])))

    assert found(check_label, WANTED, snapshot) == []
