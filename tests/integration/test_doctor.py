"""doctor on the real engine and registry: all well; then each thing broken, found, named, and mended as it says."""

import asyncio
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import pytest

from bake_compiler import process
from bake_compiler.doctor import Check, State, check_platforms
from bake_compiler.doctor.program import program
from bake_compiler.oci.platform import Platform
from bake_compiler.preflight import Builder, Tools, find_buildx
from sandbox.node import node
from sandbox.state import State as Sandbox
from tests.fakes.certificates import make_authority, sign
from tests.fakes.faulty import Status, always, faulty, sound
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.wire import serve
from tests.integration.conftest import Stack
from tests.integration.faults.conftest import CHECKOUT

pytestmark = pytest.mark.docker

REGISTRY = "registry {}"


def doctor(stack: Stack, *words: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and each check by its subject; of several by one name, the last."""
    if not (stack.root / "docker-bake.hcl").exists():
        assert stack.bakec("compile").status == 0
    ended = stack.bakec("doctor", "--json", *words, env=env)
    assert ended.status in {0, 7}, ended.err
    return ended.status, {check["subject"]: check for check in ended.document["checks"]}


def found(stack: Stack, subject: str, *words: str, env: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    """State, words and mend of one check."""
    check = doctor(stack, *words, env=env)[1][subject]
    return check["state"], check["found"], check["mend"]


def test_where_a_build_would_succeed_all_is_well_and_the_programs_of_both_platforms_ran(stack: Stack) -> None:
    status, all_found = doctor(stack)

    assert (status, {name: check for name, check in all_found.items() if check["state"] == "bad"}) == (0, {})
    for subject in (
        *("docker", "buildx", "builder", "disk", "linux/amd64", "linux/arm64"),
        *(REGISTRY.format(stack.registry), "base images", "Dockerfiles", "entitlements", "docker-bake.hcl"),
    ):
        assert all_found[subject]["state"] == "ok", all_found[subject]


def test_what_is_wrong_is_found_at_once_by_doctor_and_by_a_build_which_builds_nothing(stack: Stack) -> None:
    project = stack.root / "components/project.py"
    project.write_text(project.read_text().replace('"arm64")', '"arm64", "riscv64")'))
    nowhere = ("--registry", "127.0.0.1:1/none")

    status, all_found = doctor(stack, *nowhere)

    assert status == 7
    wrong = {name: check for name, check in all_found.items() if check["state"] == "bad"}
    assert set(wrong) == {"linux/riscv64", "registry 127.0.0.1:1", "base images"}
    assert "exec format error" in wrong["linux/riscv64"]["found"]
    assert "--install riscv64" in wrong["linux/riscv64"]["mend"]
    assert "busybox" in wrong["base images"]["found"]
    assert "is not made for linux/riscv64" in wrong["base images"]["found"]
    assert all(check["mend"] for check in wrong.values())

    refused = stack.build("all", *nowhere)

    assert refused.status == 7
    assert {each["subject"] for each in refused.document["checks"] if each["state"] == "bad"} == set(wrong)
    assert all(f"error: {name}: " in refused.err for name in wrong)
    assert not (stack.root / ".bakec/runs").exists()


# Emulation. Of an architecture that nobody builds for here: an entry of binfmt_misc counts for the whole machine.

BINFMT = Path("/proc/sys/fs/binfmt_misc")
FOREIGN = Platform.parse("ppc64le")
MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x15\x00"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\x00"


@pytest.fixture
def qemu() -> Path:
    """The sandbox's emulator of that architecture, if one may register it."""
    program_file = (Sandbox.of(CHECKOUT).bin / "aarch64-binfmt-P").resolve().with_name("qemu-ppc64le")
    if os.geteuid() or not (BINFMT / "register").exists() or not program_file.exists():
        pytest.skip("a program is registered with the kernel: root, binfmt_misc and the sandbox's QEMU are needed")
    return program_file


@contextmanager
def registered(interpreter: Path, flags: str) -> Iterator[Path]:
    name = f"bakec-tests-{os.getpid()}"
    (BINFMT / "register").write_text(f":{name}:M::{MAGIC}:{MASK}:{interpreter}:{flags}")
    try:
        yield BINFMT / name
    finally:
        (BINFMT / name).write_text("-1")


def runs_there(tmp_path: Path) -> Check:
    env = process.scrubbed(os.environ)
    tools = Tools(process.run, tmp_path, env, find_buildx(env))
    builder = Builder("docker", 1, 1, frozenset(), frozenset())
    (check,) = asyncio.run(check_platforms(tools, builder, [FOREIGN]))
    return check


def named_so(qemu: Path, tmp_path: Path) -> Path:
    """The name by which QEMU knows that it is told argv[0]."""
    link = tmp_path / "ppc64le-binfmt-P"
    link.symlink_to(qemu)
    return link


def test_no_entry_is_told_and_a_sound_one_mends_it(qemu: Path, tmp_path: Path) -> None:
    check = runs_there(tmp_path)
    assert (check.state, check.found.rpartition("; ")[2]) == (State.BAD, "binfmt_misc has no entry for them")
    assert "--install ppc64le" in check.mend

    with registered(named_so(qemu, tmp_path), "POCF"):
        check = runs_there(tmp_path)
    assert (check.state, "by QEMU" in check.found, "POCF" in check.found) == (State.OK, True, True)


def test_a_disabled_entry_is_mended_by_the_command_that_doctor_names(qemu: Path, tmp_path: Path) -> None:
    with registered(named_so(qemu, tmp_path), "POCF") as entry:
        entry.write_text("0")
        check = runs_there(tmp_path)
        assert (check.state, f"{entry} is disabled" in check.found) == (State.BAD, True)

        subprocess.run(check.mend, shell=True, check=True)  # noqa: S602 - as a person pastes it

        assert runs_there(tmp_path).state is State.OK


def test_an_entry_without_f_is_told(qemu: Path, tmp_path: Path) -> None:
    with registered(named_so(qemu, tmp_path), "POC"):
        check = runs_there(tmp_path)

    assert (check.state, "has no flag F" in check.found) == (State.BAD, True)


def test_a_qemu_without_the_name_is_judged_by_what_it_does_and_without_p_is_noted(qemu: Path, tmp_path: Path) -> None:
    with registered(qemu, "POCF"):  # Linux says since 5.12 that argv[0] is told
        assert runs_there(tmp_path).state is State.OK
    with registered(qemu, "OCF"):
        check = runs_there(tmp_path)

    assert (check.state, "without P" in check.found) == (State.NOTE, True)
    assert "-binfmt-P" in check.mend


def test_an_emulator_that_crashes_is_told(qemu: Path, tmp_path: Path) -> None:
    del qemu
    crashing = tmp_path / "qemu-ppc64le"
    crashing.write_bytes((program(Platform.parse("amd64")) or b"").replace(b"\x0f\x05", b"\x0f\x0b"))  # ud2
    crashing.chmod(0o755)
    with registered(crashing, "POCF"):
        check = runs_there(tmp_path)

    assert (check.state, f"they are run by {crashing}" in check.found) == (State.BAD, True)
    assert "exit code: 132" in check.found  # SIGILL


# Registries.


def test_credentials_that_may_only_read_are_told(stack: Stack) -> None:
    with faulty(stack.registry) as proxy:
        subject, there = REGISTRY.format(proxy.address), ("--registry", proxy.address)
        proxy.rule = always(lambda asked: asked.method == "POST", Status(403))
        state, words, mend = found(stack, subject, *there)
        assert (state, "403" in words, "docker login" in mend) == ("bad", True, True)

        proxy.rule = sound
        assert found(stack, subject, *there)[0] == "ok"


def test_a_certificate_of_nobody_known_is_told_and_the_authority_s_own_mends_it(
    stack: Stack, tmp_path: Path, buildx: Path
) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificates")
    ours, other = make_authority(tmp_path), make_authority(tmp_path, "other")
    pair = sign(ours, tmp_path, "server", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    env = config(stack, buildx)
    with serve(FakeRegistry().respond, context) as host:
        trusted = Path(env["DOCKER_CONFIG"]) / "certs.d" / host / "ca.crt"
        trusted.parent.mkdir(parents=True)
        shutil.copy(other.certificate, trusted)
        state, words, mend = found(stack, REGISTRY.format(host), "--registry", host, env=env)
        assert (state, "no trusted TLS connection" in words) == ("bad", True)
        assert f"certs.d/{host}/ca.crt" in mend

        shutil.copy(ours.certificate, trusted)
        assert found(stack, REGISTRY.format(host), "--registry", host, env=env)[0] == "ok"


def test_clocks_that_differ_are_told(stack: Stack) -> None:
    fake = FakeRegistry()
    with fake.serve() as host:
        fake.faults.append(Fault(method="POST", status=202, times=1, headers={"Date": formatdate(time.time() - 3600)}))
        state, words, mend = found(stack, REGISTRY.format(host), "--registry", host)

    assert (state, mend.split(": ")[1]) == ("bad", "timedatectl set-ntp true")
    assert "its clock is 3" in words
    assert "behind this machine's" in words


# buildx.


def config(stack: Stack, plugin: Path | str, **settings: str) -> dict[str, str]:
    """A client configuration of its own with this buildx: its file, or the text of a program."""
    folder = stack.root / "docker"
    place = folder / "cli-plugins" / "docker-buildx"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if isinstance(plugin, Path):
        place.symlink_to(plugin.resolve())
    else:
        place.write_text(plugin)
        place.chmod(0o755)
    (folder / "config.json").write_text(settings.get("config", "{}"))
    return {"DOCKER_CONFIG": str(folder)}


@pytest.fixture
def buildx() -> Path:
    (program_file,) = find_buildx(process.scrubbed(os.environ))[:1]
    if program_file == "docker":
        pytest.skip("buildx is none of Docker's plugins here")
    return Path(program_file)


def test_a_buildx_before_0_13_is_told_and_a_newer_one_mends_it(stack: Stack, buildx: Path) -> None:
    old = (
        f'#!/bin/sh\ntest "$1" = version && echo "github.com/docker/buildx v0.12.1 0" || exec {buildx.resolve()} "$@"\n'
    )

    state, words, mend = found(stack, "buildx", env=config(stack, old))

    assert (state, words) == ("bad", "0.12.1 is older than 0.13")
    assert mend == "install the docker-buildx plugin, 0.13 or newer"
    assert found(stack, "buildx", env=config(stack, buildx))[0] == "ok"


def test_with_the_oldest_buildx_all_can_be_looked_at(stack: Stack) -> None:
    oldest = os.environ.get("BAKEC_BUILDX_OLDEST")
    if not oldest:
        pytest.skip('eval "$(./dev sandbox buildx)"')

    status, all_found = doctor(stack, env=config(stack, Path(oldest)))

    assert status == 0
    assert all_found["buildx"]["found"].startswith("0.13")
    assert {all_found[each]["state"] for each in ("linux/amd64", "linux/arm64", "base images")} == {"ok"}


def test_a_proxy_that_a_build_container_can_not_reach_is_noted(stack: Stack, buildx: Path) -> None:
    proxied = '{"proxies": {"default": {"httpProxy": "http://127.0.0.1:3128"}}}'

    state, words, mend = found(stack, "build network", env=config(stack, buildx, config=proxied))

    assert (state, words) == ("note", "its proxy 127.0.0.1 is the build container itself")
    assert "`proxies` in Docker's config.json" in mend


def test_what_buildx_asks_for_is_told_and_the_build_that_doctor_names_does_it(stack: Stack, tmp_path: Path) -> None:
    outside = tmp_path / "keys"
    outside.mkdir()
    (outside / "key").write_text("public")
    stack.component(
        "hub", "FROM busybox:stable\nCOPY --from=keys key /key\n", 'Image(name="hub")', contexts='{"keys": "keys"}'
    )
    (stack.root / "components/hub/keys").symlink_to(outside)

    state, words, mend = found(stack, "entitlements", "hub")
    assert (state, words) == ("bad", f"buildx asks for fs.read {outside}")
    refused = stack.bakec("build", "hub")
    assert (refused.status, f"hint: {mend}" in refused.err) == (7, True)

    ended = stack.bakec(*mend.split()[1:], "hub")

    assert ended.status == 0, ended.err


# What is not there.


def test_what_must_be_made_is_told_and_the_command_that_doctor_names_makes_it(stack: Stack) -> None:
    stack.component(
        "hub",
        "FROM busybox:stable\nARG TARGETPLATFORM\nCOPY certs/$TARGETPLATFORM/tls.crt /\n",
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


def test_a_cache_that_is_not_there_is_noted_and_the_build_that_writes_it_mends_it(stack: Stack) -> None:
    ref = f"{stack.registry}/{stack.root.name}/cache:hub"
    stack.component(
        "hub",
        "FROM busybox:stable\nRUN uname -m >/machine\n",
        'Image(name="hub")',
        cache_from=f'["type=registry,ref={ref}"]',
        cache_to=f'["type=registry,ref={ref}"]',
    )

    assert found(stack, f"cache {ref}", "hub") == (
        "note",
        "is not there yet",
        "the first build with `cache_to` writes it",
    )
    ended = stack.bakec("build", "hub")
    assert ended.status == 0, ended.err
    assert found(stack, f"cache {ref}", "hub")[:2] == ("ok", "can be read")


@pytest.mark.sandbox
def test_a_full_disk_is_told_and_the_command_that_doctor_names_makes_room(stack: Stack) -> None:
    with node(Sandbox.of(CHECKOUT), "doctor", megabytes=2300) as engine:
        stack.component(
            "hub", "FROM busybox:stable\nRUN dd if=/dev/zero of=/big bs=1M count=400\n", 'Image(name="hub")'
        )
        stack.bakec("compile")
        built = stack.bakec("build", "hub", "--platform", "amd64", env=engine.environment())
        assert built.status == 0, built.err

        state, words, mend = found(stack, "disk", "hub", env=engine.environment())
        assert (state, "GB free, of which a build may need 2.0" in words) == ("bad", True)
        assert "docker buildx prune" in mend
        prune = ("docker", "buildx", "prune", "--all", "--force")
        subprocess.run(prune, check=True, capture_output=True, env={**os.environ, **engine.environment()})

        assert found(stack, "disk", "hub", env=engine.environment())[0] == "ok"
