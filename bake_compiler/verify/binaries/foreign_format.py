"""`foreign-format`: programs for macOS or Windows in an image for Linux."""

from bake_compiler.layers.mach_o import MachO
from bake_compiler.layers.pe import Pe
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.paths import some, unmeant
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "foreign-format"


def check_foreign_format(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """One finding if the image has executable Mach-O or PE files.

    .NET assemblies and programs for the firmware are allowed.
    """
    if deep.platform.os != "linux":
        return ()
    paths = {"macOS": list[str](), "Windows": list[str]()}
    for path, file in deep.tree.programs():
        match file.binary:
            case MachO() if file.executable:
                paths["macOS"].append(path)
            case Pe(managed=False, firmware=False) if file.executable:
                paths["Windows"].append(path)
            case _:
                pass
    left = {system: unmeant(promise, deep, found) for system, found in paths.items()}
    if not any(left.values()):
        return ()
    told = "; ".join(f"{len(found)} for {system} ({some(found)})" for system, found in left.items() if found)
    hint = "copied from the machine that built it? build it in the image; if it is meant, name its path in `foreign`"
    return (Finding(promise.image, deep.platform, CODE, f"it has programs that Linux can't run: {told}", hint),)
