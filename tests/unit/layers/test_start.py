from collections.abc import Mapping
from typing import Any

import pytest

from bake_compiler.layers.start import Role, StartFault, StartStep, names, search_path, start
from bake_compiler.oci.manifest import RunConfig
from tests.unit.layers.made import Content, directory, elf, file, symlink, tree_of

LOADER = "/lib/ld.so"
SYSTEM = [
    file("usr/bin/dash", elf(loader=LOADER)),
    symlink("usr/bin/sh", "dash"),
    symlink("bin", "usr/bin"),
    file("usr/bin/env", elf()),
    file("usr/bin/python3", elf()),
    file("lib/ld.so", elf()),
]


def steps(config: Mapping[str, Any], *contents: Content) -> list[tuple[Role, str, StartFault | None]]:
    return [(step.role, step.path, step.fault) for step in chain(config, *contents)]


def chain(config: Mapping[str, Any], *contents: Content) -> tuple[StartStep, ...]:
    run = RunConfig.model_validate(config)
    return start(run, tree_of([*SYSTEM, *contents], names=names(run)))


def test_a_shell_needs_its_loader() -> None:
    assert steps({"Cmd": ["/bin/sh", "-c", "x"]}) == [
        (Role.PROGRAM, "/usr/bin/dash", None),
        (Role.LOADER, "/lib/ld.so", None),
    ]


def test_the_entrypoint_comes_before_the_command() -> None:
    assert steps({"Entrypoint": ["env"], "Cmd": ["sh"]}) == [(Role.PROGRAM, "/usr/bin/env", None)]


@pytest.mark.parametrize("config", [{}, {"Entrypoint": [], "Cmd": []}, {"Entrypoint": None}, {"Entrypoint": [""]}])
def test_an_image_that_starts_nothing_needs_nothing(config: Mapping[str, Any]) -> None:
    assert steps(config) == []


def test_a_script_needs_its_interpreter_and_that_its_loader() -> None:
    found = chain({"Entrypoint": ["/run"]}, file("run", b"#!/bin/sh -e\n"))

    assert [(step.role, step.name, step.path) for step in found] == [
        (Role.PROGRAM, "/run", "/run"),
        (Role.INTERPRETER, "/bin/sh", "/usr/bin/dash"),
        (Role.LOADER, LOADER, LOADER),
    ]
    assert [step.needed_by and step.needed_by.path for step in found] == [None, "/run", "/usr/bin/dash"]


@pytest.mark.parametrize("line", ["#!/usr/bin/env python3", "#!/usr/bin/env -S python3 -u"])
def test_env_needs_the_program_that_it_is_told(line: str) -> None:
    assert steps({"Entrypoint": ["/run"]}, file("run", line.encode())) == [
        (Role.PROGRAM, "/run", None),
        (Role.INTERPRETER, "/usr/bin/env", None),
        (Role.INTERPRETER, "/usr/bin/python3", None),
    ]


def test_env_takes_its_argument_as_one_word() -> None:
    found = chain({"Entrypoint": ["/run"]}, file("run", b"#!/usr/bin/env python3 -u"))

    assert (found[-1].name, found[-1].fault) == ("python3 -u", StartFault.MISSING)


@pytest.mark.parametrize("argument", ["", " -S", " -i sh", " -S -i sh", " A=1", " -S A=1 sh"])
def test_of_what_env_does_otherwise_nothing_is_said(argument: str) -> None:
    assert len(steps({"Entrypoint": ["/run"]}, file("run", b"#!/usr/bin/env" + argument.encode()))) == 2


def test_a_circle_of_scripts_ends() -> None:
    assert 2 <= len(steps({"Entrypoint": ["/a"]}, file("a", b"#!/b\n"), file("b", b"#!/a\n"))) < 20


def test_a_script_with_a_flawed_first_line_is_followed_no_further() -> None:
    assert len(steps({"Entrypoint": ["/run"]}, file("run", b"#!/bin/sh\r\n"))) == 1


def test_a_name_is_looked_for_along_the_path_of_the_image() -> None:
    config = {"Env": ["PATH=/opt/a::/opt/b"], "Cmd": ["run"]}
    contents = file("opt/a/run", elf(), 0o644), file("opt/b/run", elf())

    assert steps(config, *contents) == [(Role.PROGRAM, "/opt/b/run", None)]
    assert steps(config, contents[0]) == [(Role.PROGRAM, "/opt/a/run", StartFault.NOT_EXECUTABLE)]
    assert steps(config) == [(Role.PROGRAM, "/opt/a/run", StartFault.MISSING)]
    assert steps({"Env": ["PATH="], "Cmd": ["run"]}) == [(Role.PROGRAM, "run", StartFault.MISSING)]


def test_without_a_path_the_usual_one_is_taken() -> None:
    assert "/usr/bin" in search_path(RunConfig())


@pytest.mark.parametrize("name", ["./run", "sub/../run"])
def test_a_name_with_a_slash_is_looked_for_from_the_working_directory(name: str) -> None:
    config = {"WorkingDir": "/srv/app", "Entrypoint": [name]}

    assert steps(config, file("srv/app/run", elf())) == [(Role.PROGRAM, "/srv/app/run", None)]


@pytest.mark.parametrize(
    ("contents", "fault"),
    [
        ([], StartFault.MISSING),
        ([symlink("run", "run")], StartFault.MISSING),
        ([symlink("run", "/none")], StartFault.MISSING),
        ([directory("run"), file("run/x", elf())], StartFault.DIRECTORY),
        ([file("run", b"#!/bin/sh", 0o644)], StartFault.NOT_EXECUTABLE),
        ([file("run", elf(), 0o644)], StartFault.NOT_EXECUTABLE),
        ([file("run", b"text", 0o644)], StartFault.NOT_EXECUTABLE),
        ([file("run", b"echo hello")], StartFault.NOT_A_PROGRAM),
        ([file("run", b"")], StartFault.NOT_A_PROGRAM),
        ([file("run", elf(use=1))], StartFault.NOT_A_PROGRAM),
    ],
)
def test_what_can_not_be_started_says_why(contents: list[Content], fault: StartFault) -> None:
    (program,) = chain({"Entrypoint": ["/run"]}, *contents)

    assert (program.name, program.binary, program.fault) == ("/run", None, fault)


def test_a_loader_that_is_not_there_is_told() -> None:
    found = chain({"Entrypoint": ["/run"]}, file("run", elf(loader="/lib/ld-musl.so.1")))

    assert (found[-1].role, found[-1].path, found[-1].fault) == (Role.LOADER, "/lib/ld-musl.so.1", StartFault.MISSING)


def test_a_search_path_has_each_directory_once_and_an_end() -> None:
    assert search_path(RunConfig.model_validate({"Env": ["PATH=/bin:/opt::/bin"]})) == ("/bin", "/opt")

    endless = RunConfig.model_validate({"Env": ["PATH=" + ":".join(f"/{number}" for number in range(100_000))]})
    assert len(search_path(endless)) == 1000
