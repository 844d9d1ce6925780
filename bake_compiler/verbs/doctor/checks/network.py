"""Names and proxies in a build container.

The container has the network of the builder's machine, not of this machine.
"""

import asyncio
import json
import re
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from bake_compiler.buildx import Progress
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import PreflightError
from bake_compiler.system.process import Command
from bake_compiler.verbs.doctor.checks.platforms import LONGEST
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, good, note, unknown

_SUBJECT = "build network"
_SAYS = re.compile(r"(?:[\d.]+ )?bakec: (nameserver|proxy|found|lost) ([\w.:-]+)\s*")
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|\[?::1\]?")
_DNS = "give the engine a name server: `dns` in daemon.json, `[dns]` in buildkitd.toml"
_PROXIES = (
    "give build containers the proxy: `proxies` in Docker's config.json; one on this machine is not 127.0.0.1 there"
)

_SCRIPT = r"""
lookup() { case $1 in *[!0-9.]*) timeout 3 getent hosts "$1" || timeout 3 nslookup "$1" ;; esac; }
while read -r word value rest; do test "$word" = nameserver && echo "bakec: nameserver $value"; done </etc/resolv.conf
hosts=
for proxy in "$http_proxy" "$https_proxy" "$HTTP_PROXY" "$HTTPS_PROXY"; do
    proxy=${proxy#*://} proxy=${proxy##*@} proxy=${proxy%%[:/]*}
    test -z "$proxy" || { echo "bakec: proxy $proxy"; hosts=$proxy; }
done
test -n "$hosts" || hosts=$(grep -rhoE 'https?://[^/ "]+' /etc/apt/sources.list /etc/apt/sources.list.d \
    /etc/apk/repositories /etc/yum.repos.d 2>/dev/null | sed 's,.*/,,; s,:.*,,' | sort -u | head -n 3)
for host in $hosts; do lookup "$host" >/dev/null 2>&1 && echo "bakec: found $host" || echo "bakec: lost $host"; done
"""
"""A shell script. It prints the name servers in resolv.conf and the proxies without their passwords.

It also prints whether the names of the proxy and of the base's package servers can be resolved.
"""


async def check_network(facts: Facts) -> tuple[CheckResult, ...]:
    """The network of a build container from a base image. Builds pull this image anyway."""
    edges = facts.build.edges
    proxies = ("http_proxy", "https_proxy")
    behind = any(value for name, value in edges.env.items() if name.lower() in proxies)
    bases = sorted(base.name for base in (await facts.bases).digests if not base.platform)
    if not bases:
        asked = await facts.wanted_bases()
        return (unknown(_SUBJECT, "there is no base of which a container could be asked"),) if asked else ()
    return (await ask_container(edges.tools, bases[0], behind_proxy=behind),)


async def ask_container(tools: Tools, base: str, *, behind_proxy: bool) -> CheckResult:
    """Return what a container of the builder prints about its network.

    Args:
        tools: how to call buildx.
        base: an image with a shell; empty if there is none, which gives an unknown result.
        behind_proxy: whether this machine uses a proxy.
    """
    heard: list[str] = []
    progress = Progress()
    run = json.dumps(["/bin/sh", "-c", _SCRIPT])
    dockerfile = f"FROM --platform=$BUILDPLATFORM {base}\nARG NONCE\nRUN {run}\n"
    target = {
        "context": ".",
        "args": {"NONCE": token_hex(8)},
        "output": ["type=cacheonly"],
    }
    with TemporaryDirectory(prefix="bakec-doctor-") as directory:
        folder = Path(directory)
        (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
        (folder / "bake.json").write_text(json.dumps({"target": {"network": target}}), encoding="utf-8")
        argv = (*tools.buildx, "bake", "--file", "bake.json", "--progress", "rawjson", "network")
        command = Command(argv, tools.env, folder)
        try:
            status = await asyncio.wait_for(
                tools.runner(command, lambda line: heard.extend(progress.read(line))), LONGEST
            )
        except (PreflightError, TimeoutError):
            status = 1
    if status:
        return unknown(_SUBJECT, f"{base} has no shell that could be asked, or does not start")
    return judge_network(
        [match.groups() for line in heard if (match := _SAYS.fullmatch(line))], behind_proxy=behind_proxy
    )


def judge_network(says: list[tuple[str, ...]], *, behind_proxy: bool) -> CheckResult:
    """Return the result for what a container printed: pairs of a word and a name."""
    said = {word: [name for each, name in says if each == word] for word in ("nameserver", "proxy", "found", "lost")}
    servers = f"name servers: {', '.join(said['nameserver']) or 'none'}"
    local = [proxy for proxy in said["proxy"] if _LOOPBACK.fullmatch(proxy)]
    if local:
        return note(_SUBJECT, f"its proxy {local[0]} is the build container itself", _PROXIES)
    if said["lost"]:
        mend = f"{_DNS}; or {_PROXIES}" if behind_proxy and not said["proxy"] else _DNS
        return note(_SUBJECT, f"a build container does not find {', '.join(said['lost'])}; {servers}", mend)
    if behind_proxy and not said["proxy"]:
        return note(_SUBJECT, "this machine goes through a proxy, and build containers do not", _PROXIES)
    if not said["found"]:
        return unknown(_SUBJECT, f"the base names no host to look for; {servers}")
    return good(_SUBJECT, f"a build container finds {', '.join(said['found'])}; {servers}")
