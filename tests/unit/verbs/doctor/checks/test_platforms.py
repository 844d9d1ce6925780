"""What is thought of a program that did not run."""

from bake_compiler.buildx import Failure
from bake_compiler.oci.platform import Platform
from bake_compiler.verbs.doctor.checks.platforms import Emulator, _explain
from bake_compiler.verbs.doctor.result import CheckState

MOUNT = "runc run failed: unable to start container process: error during container init: error mounting devpts"


def test_a_builder_that_starts_no_container_is_not_one_without_emulation() -> None:
    failure = Failure("exit code: 1", step='RUN ["/program"]', tail=(MOUNT,))

    check = _explain(Platform.parse("arm64"), failure, Emulator(None))

    assert (check.state, check.found) == (CheckState.BAD, f"the builder starts no container: {MOUNT}")
    assert "journalctl" in check.mend
