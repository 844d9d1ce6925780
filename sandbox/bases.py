"""Base images for both architectures, pushed to the sandbox's registry under their Docker Hub names.

dockerd uses that registry as a mirror of Docker Hub, so `FROM debian:trixie-slim` needs no change in any Dockerfile.
"""

import hashlib
import inspect
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox import engine
from sandbox.archive import STABLE, Archive
from sandbox.state import State, run_step, say

ARCHITECTURES = ("amd64", "arm64")
MACHINE_CA = Path("/etc/ssl/certs/ca-certificates.crt")
# What Docker's slim images leave out.
_SLIM = (
    *("--path-exclude=/usr/share/doc/*", "--path-include=/usr/share/doc/*/copyright"),
    *("--path-exclude=/usr/share/man/*", "--path-exclude=/usr/share/locale/*", "--path-exclude=/usr/share/info/*"),
)
_STAND_IN = """FROM busybox:stable
LABEL io.bakec.stand-in=true
COPY {name} {path}
COPY page /srv/www/index.html
RUN ln -s {path} /usr/local/bin/{name}
EXPOSE {port}
CMD ["httpd", "-f", "-p", "{port}", "-h", "/srv/www"]
"""
_STAND_IN_PROGRAM = """#!/bin/sh
# Not {name}: a stand-in that the sandbox supplies, because no package archive has it.
echo "{name} stand-in on $(uname -m)"
case "$1" in --version|-v|version) exit 0 ;; esac
exec httpd -f -p {port} -h /srv/www
"""


@dataclass(frozen=True)
class Base:
    """One image: its name, and the function that fills its build context."""

    repository: str
    tag: str
    fill: Callable[[State, Path], None]

    @property
    def recipe(self) -> str:
        """Changes when the way in which it is made changes."""
        return hashlib.sha256(inspect.getsource(inspect.getmodule(self.fill) or self.fill).encode()).hexdigest()


def build(state: State) -> None:
    """Build and push each base that the registry lacks or whose recipe changed."""
    lacking = missing(state)
    if lacking:
        say("making base images: " + ", ".join(f"{base.repository}:{base.tag}" for base in lacking))
        _each(state, Archive.update)
    for base in lacking:
        context = state.home / "bases" / base.tag.replace("/", "-")
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir(parents=True)
        base.fill(state, context)
        _push(state, base, context)
        _stamp(state, base).write_text(base.recipe)
        shutil.rmtree(context)


def missing(state: State) -> list[Base]:
    """The bases that the registry lacks, or holds from another recipe."""
    return [base for base in BASES if not _is_current(state, base)]


def _is_current(state: State, base: Base) -> bool:
    stamp = _stamp(state, base)
    recorded = stamp.read_text() if stamp.is_file() else ""
    return recorded == base.recipe and engine.has_manifest(state.registry, base.repository, base.tag)


def _stamp(state: State, base: Base) -> Path:
    (state.home / "stamps").mkdir(exist_ok=True)
    return state.home / "stamps" / f"{base.repository}-{base.tag}".replace("/", "-")


def _push(state: State, base: Base, context: Path) -> None:
    tag = f"{state.registry}/{base.repository}:{base.tag}"
    platforms = ",".join(f"linux/{architecture}" for architecture in ARCHITECTURES)
    argv = ["docker", "buildx", "build", "--progress=plain", "--provenance=false", "--platform", platforms]
    run_step(state, f"base-{base.tag}", [*argv, "--push", "--tag", tag, context], env=state.environment())
    # An older copy that someone pulled would be preferred to the registry's.
    forget = ["sh", "-c", 'docker image rm --force "$1" || true', "sh", f"{base.repository}:{base.tag}"]
    run_step(state, f"base-{base.tag}", forget, env=state.environment())


def _each(state: State, work: Callable[[Archive], None]) -> None:
    """Do the work for all architectures at once."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, [Archive.of_machine(state, architecture) for architecture in ARCHITECTURES]))


def _busybox(state: State, context: Path) -> None:
    def root(archive: Archive) -> None:
        target = context / archive.architecture
        archive.unpack(["busybox-static"], STABLE, target / "package")
        binary = next(path for path in (target / "package").glob("**/bin/busybox") if path.is_file())
        for folder in ("bin", "etc", "root", "usr/local/bin", "var"):
            (target / "root" / folder).mkdir(parents=True)
        (target / "root" / "tmp").mkdir(mode=0o1777)
        (target / "root" / "etc" / "passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
        )
        (target / "root" / "etc" / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
        shutil.copy(binary, target / "root" / "bin" / "busybox")
        applets = run_step(state, "base-stable", [binary, "--list"]).split() if archive.architecture == "amd64" else []
        (target / "applets").write_text("\n".join(applet for applet in applets if applet != "busybox"))

    _each(state, root)
    applets = (context / "amd64" / "applets").read_text().split()
    for architecture in ARCHITECTURES:
        for applet in applets:
            (context / architecture / "root" / "bin" / applet).symlink_to("busybox")
    dockerfile = 'FROM scratch\nARG TARGETARCH\nCOPY ${TARGETARCH}/root /\nCMD ["sh"]\n'
    (context / "Dockerfile").write_text(dockerfile)


def _debian(state: State, context: Path) -> None:
    """minbase: unpacked by the machine's own dpkg, so that under emulation only the maintainer scripts run."""

    def root(archive: Archive) -> None:
        root = context / f"root-{archive.architecture}"
        debs = archive.closure(["?essential", "?priority(required)", "apt", "debian-archive-keyring"], STABLE)
        for deb in debs:
            run_step(state, f"debian-{archive.architecture}", ["dpkg-deb", "-x", deb, root])
        _configure(state, archive, root, debs)
        _prune(root)
        _set_up_apt(archive, root)
        tar = context / f"{archive.architecture}.tar"
        run_step(state, f"debian-{archive.architecture}", ["tar", "-C", root, "--numeric-owner", "-cf", tar, "."])
        shutil.rmtree(root)

    _each(state, root)
    (context / "Dockerfile").write_text('FROM scratch\nARG TARGETARCH\nADD ${TARGETARCH}.tar /\nCMD ["bash"]\n')


def _configure(state: State, archive: Archive, root: Path, debs: Sequence[Path]) -> None:
    admin = root / "var/lib/dpkg"
    for folder in ("info", "updates", "triggers", "alternatives", "parts"):
        (admin / folder).mkdir(parents=True, exist_ok=True)
    for file in ("status", "available", "diversions", "statoverride"):
        (admin / file).touch()
    dpkg = ["dpkg", f"--root={root}", "--force-depends,architecture,overwrite,unsafe-io,confold", *_SLIM]
    environment = {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true", "LC_ALL": "C"}
    step = f"debian-{archive.architecture}"
    run_step(state, step, [*dpkg, "--unpack", *debs], env=environment)
    run_step(state, step, [*dpkg, "--configure", "-a"], env=environment)


def _prune(root: Path) -> None:
    """Remove what dpkg leaves out from now on: the first unpacking, by dpkg-deb, knows no exclusions.

    Also the plain file that maintainer scripts made where a container has its /dev/null.
    """
    (root / "dev/null").unlink(missing_ok=True)
    for folder in ("man", "locale", "info"):
        shutil.rmtree(root / "usr/share" / folder, ignore_errors=True)
    for path in (root / "usr/share/doc").glob("*/**/*"):
        if path.name != "copyright" and not path.is_dir():
            path.unlink()


def _set_up_apt(archive: Archive, root: Path) -> None:
    sources = f"Types: deb\nURIs: {archive.uri}\nSuites: {STABLE}\nComponents: main\n"
    keyring = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    (root / "etc/apt/sources.list.d/debian.sources").write_text(sources + keyring)
    (root / "etc/apt/apt.conf.d/docker").write_text(
        'Acquire::Languages "none";\nAcquire::Retries "3";\n'
        'APT::Install-Recommends "false";\nDPkg::Options:: "--force-unsafe-io";\n'
    )
    excludes = "\n".join(option.removeprefix("--") for option in _SLIM)
    (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(excludes + "\n")
    if MACHINE_CA.is_file():  # a proxy between here and a package index may sign with a certificate of its own
        (root / "etc/ssl").mkdir(exist_ok=True)
        shutil.copy(MACHINE_CA, root / "etc/ssl/machine-ca.crt")
        (root / "etc/pip.conf").write_text("[global]\ncert = /etc/ssl/machine-ca.crt\n")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")  # no service starts in a build
    policy.chmod(0o755)
    shutil.rmtree(root / "var/log", ignore_errors=True)
    (root / "var/log").mkdir()


def _registry(state: State, context: Path) -> None:
    suite = engine.suite(state)
    _each(state, lambda archive: archive.unpack(["docker-registry"], suite, context / archive.architecture))
    storage = "{filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}"
    config = f"version: 0.1\nstorage: {storage}\nhttp: {{addr: ':5000'}}\n"
    (context / "config.yml").write_text(config)
    (context / "Dockerfile").write_text(
        "FROM debian:trixie-slim\nARG TARGETARCH\nCOPY ${TARGETARCH}/usr/bin/docker-registry /bin/registry\n"
        "COPY config.yml /etc/docker/registry/config.yml\nENV OTEL_TRACES_EXPORTER=none\nEXPOSE 5000\n"
        'ENTRYPOINT ["/bin/registry"]\nCMD ["serve", "/etc/docker/registry/config.yml"]\n'
    )


def _stand_in(name: str, path: str, port: int) -> Callable[[State, Path], None]:
    def fill(_: State, context: Path) -> None:
        (context / "Dockerfile").write_text(_STAND_IN.format(name=name, path=path, port=port))
        (context / name).write_text(_STAND_IN_PROGRAM.format(name=name, port=port))
        (context / name).chmod(0o755)
        (context / "page").write_text(f"<!doctype html><title>{name}</title><p>This is a stand-in for {name}.</p>\n")

    return fill


BASES = (
    Base("library/busybox", "stable", _busybox),
    Base("library/debian", "trixie-slim", _debian),
    Base("library/registry", "2", _registry),
    Base("gitea/gitea", "1.25.1", _stand_in("gitea", "/app/gitea/gitea", 3000)),
    Base("flashcatcloud/nightingale", "8.4.0", _stand_in("n9e", "/app/n9e", 17000)),
)
