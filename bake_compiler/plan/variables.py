"""The variables of the bake file: bakec's own five, and the project's."""

import re

from bake_compiler.model.project import Project, Variable
from bake_compiler.model.texts import platforms_of

OWN = ("REGISTRY", "TAG", "PLATFORMS", "REVISION", "SOURCE_DATE_EPOCH")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
STANDARD_FUNCTIONS = frozenset(
    """
    absolute add and basename bcrypt byteslen bytesslice can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet
    cidrsubnets coalesce coalescelist concat contains convert csvdecode dirname distinct divide element equal
    flatten floor format formatdate formatlist greaterthan greaterthanorequalto hasindex homedir indent index
    index_of indexof int join jsondecode jsonencode keys length lessthan lessthanorequalto log lookup lower max md5
    merge min modulo multiply negate not notequal or parseint pow range regex regex_replace regexall replace reverse
    reverselist rsadecrypt sanitize semvercmp sethaselement setintersection setproduct setsubtract
    setsymmetricdifference setunion sha1 sha256 sha512 signum slice sort split strlen substr subtract timeadd
    timestamp title trim trimprefix trimspace trimsuffix try upper urlencode uuidv4 uuidv5 values zipmap
    """.split()  # noqa: SIM905 - a line for each would be a page
)
"""bake's own functions, which a function of the same name would not replace (bake/hclparser/stdlib.go)."""
OWN_FUNCTIONS = ("ref", "ref_tag", "ref_at")


def plan_variables(project: Project) -> tuple[Variable, ...]:
    """Return all variables, in the order in which they are written."""
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
            default=",".join(map(str, sorted(platforms_of(project.platforms)))),
            description="Separated by commas.",
            example=str(min(platforms_of(project.platforms))),
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


def given_value(variable: Variable, text: str) -> object:
    """Return the value that buildx makes of a text in the environment: a number or bool if the default is one.

    Source: buildx bake/hclparser, `resolveValue`.

    Raises:
        ValueError: the text is not a value of that type.
    """
    match variable.default:
        case tuple() | dict():
            raise ValueError(f"{variable.name} is a list or a map, which can't be set from outside")
        case bool():
            if text not in _BOOLS:
                raise ValueError(f"{text!r} is neither true nor false")
            return _BOOLS[text]
        case int() | float():
            if not _NUMBER.fullmatch(text):
                raise ValueError(f"{text!r} is not a number")
            number = float(text)
            return int(number) if number.is_integer() else number
        case _:
            return text
