"""`loader`: a dynamic program whose loader is missing, or does not run on the platform."""

from bake_compiler.layers.start import Role
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.steps import check_steps
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "loader"


def check_loader(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """Findings for the loaders that ELF files name: `/lib64/ld-linux-x86-64.so.2`, `/lib/ld-musl-aarch64.so.1`."""
    hint = "built for glibc and run with musl, or the reverse? link it statically, or use the base that it was built on"
    return check_steps(promise, deep, Role.LOADER, CODE, hint)
