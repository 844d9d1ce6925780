"""The variables of the bake file: bakec's own five, and the project's."""

from bake_compiler.model.project import Project, Variable

OWN = ("REGISTRY", "TAG", "PLATFORMS", "REVISION", "SOURCE_DATE_EPOCH")
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
OWN_FUNCTIONS = ("ref", "ref_tag")


def plan_variables(project: Project) -> tuple[Variable, ...]:
    """All of them, in the order in which they are written."""
    return (
        Variable(
            name="REGISTRY",
            default=project.registry.rstrip("/"),
            description="Where images go: a host, with a port and a path where there is one.",
            example="registry.example/path/",
        ),
        Variable(name="TAG", default=project.tag, description="The public tag.", example=f"{project.tag[:120]}-drift"),
        Variable(
            name="PLATFORMS",
            default=",".join(map(str, sorted(set(project.platforms)))),
            description="Separated by commas.",
            example=str(min(project.platforms)),
        ),
        Variable(
            name="REVISION",
            default="",
            description="Commit of the sources, for the label; bakec fills it in.",
            example="0123abc",
        ),
        Variable(
            name="SOURCE_DATE_EPOCH",
            default="",
            description="Time of the sources, seconds since 1970, for label and files' times; bakec fills it in.",
            example="1700000000",
        ),
        *sorted(project.variables, key=lambda variable: variable.name),
    )


def given(variable: Variable, text: str) -> object:
    """What buildx makes of a variable's value in the environment: of the default's type where that is a number or bool.

    Source: buildx bake/hclparser, `resolveValue`.

    Raises:
        ValueError: the text is none of that type.
    """
    match variable.default:
        case bool():
            if text not in _BOOLS:
                raise ValueError(f"{text!r} is neither true nor false")
            return _BOOLS[text]
        case int() | float():
            number = float(text)
            return int(number) if number.is_integer() else number
        case _:
            return text
