"""What the models say that a build needs beside its sources: told before it, and made or allowed as doctor says."""

import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import Stack
from tests.integration.doctor.conftest import doctor

pytestmark = pytest.mark.docker


def test_what_buildx_asks_for_is_told_and_the_build_that_doctor_names_does_it(bare: Stack, tmp_path: Path) -> None:
    outside = tmp_path / "keys"
    outside.mkdir()
    (outside / "key").write_text("public")
    bare.component("hub", "FROM scratch\nCOPY --from=keys key /key\n", 'Image(name="hub")', contexts='{"keys": "keys"}')
    (bare.root / "components/hub/keys").symlink_to(outside)
    bare.bakec("compile")

    refused = bare.bakec("build", "hub")

    mend = f"bakec build --allow fs.read={outside}"
    assert refused.status == 7
    assert f"error: entitlements: buildx asks for fs.read {outside}; nothing was built\n hint: {mend}\n" in refused.err
    ended = bare.bakec(*mend.split()[1:], "hub")

    assert ended.status == 0, ended.err


def test_what_must_be_made_is_told_and_the_command_that_doctor_names_makes_it(stack: Stack) -> None:
    stack.component(
        "hub",
        "FROM scratch\nARG TARGETPLATFORM\nCOPY certs/$TARGETPLATFORM/tls.crt /\n",
        'Image(name="hub", requires=[Requires(path="certs/{platform}/tls.crt", command='
        '"mkdir -p components/hub/certs/{platform} && echo {arch} > components/hub/certs/{platform}/tls.crt")])',
    )
    model = stack.root / "components/hub/component.py"
    model.write_text(model.read_text().replace("Image, Only", "Image, Only, Requires"))
    stack.bakec("compile")

    refused = stack.bakec("build", "hub")

    assert refused.status == 7
    hints = [line.removeprefix(" hint: ") for line in refused.err.splitlines() if "mkdir" in line]
    assert len(hints) == 2
    for command in hints:
        subprocess.run(command, shell=True, check=True, cwd=stack.root)  # noqa: S602 - as a person pastes it
    ended = stack.bakec("build", "hub")
    assert ended.status == 0, ended.err


def test_a_lack_of_memory_and_of_a_cache_is_noted_and_mended_by_the_build_that_doctor_names(bare: Stack) -> None:
    ref = f"{bare.registry}/{bare.root.name}/cache:hub"
    bare.component(
        "hub",
        "FROM scratch\nCOPY component.py /\n",
        'Image(name="hub")',
        cache_from=f'["type=registry,ref={ref}"]',
        cache_to=f'["type=registry,ref={ref}"]',
    )

    bare.bakec("compile")

    status, checks = doctor(bare, "-j", "500")

    assert status == 0
    memory, cache = checks["memory"], checks[f"cache {ref}"]
    assert (memory["state"], "GB, for 500 images at once, of which " in memory["found"]) == ("note", True)
    assert (cache["state"], cache["found"]) == ("note", "is not there yet")
    assert cache["mend"] == "the first build with `cache_to` writes it"

    fitting = memory["mend"].split()
    ended = bare.bakec("build", "hub", "--no-preflight", *fitting)

    assert ended.status == 0, ended.err
    checks = doctor(bare, *fitting)[1]
    assert (checks["memory"]["state"], checks[f"cache {ref}"]["state"]) == ("ok", "ok")
