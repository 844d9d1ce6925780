#!/bin/sh
# A release, all or nothing: build under a candidate's tag, verify every binary, promote to VERSION, pin by digest.
# An example to copy and to change. It decides only by exit codes and JSON; all printed text is for people.
#
#   scripts/release.sh VERSION [SELECTOR...]               bakec reads BAKEC_REGISTRY and the like; this script reads:
#
# CANDIDATE: the tag to build under (rc-VERSION)           SIGN: cosign's key, or keyless (default: unsigned)
# ALSO: further tags beside VERSION, such as "v1 latest"   OUT: the folder for all files (release)
# Ends with the failed step's exit code: 2 usage, 3 models, 4 build, 5 registry, 6 verification, 7 preflight, 130 stopped.
set -eu
[ $# -gt 0 ] || { echo "usage: $0 VERSION [SELECTOR...]" >&2; exit 2; }
version=$1 candidate=${CANDIDATE:-rc-$1} out=${OUT:-release} step=mkdir child='' stopped='' moved='' also=''
shift

say() { echo "release $version: $*" >&2; }

# Runs bakec in the background, so that it gets every signal that this script gets; ends with bakec's exit code.
run() {
    step="bakec $1" code=0
    say "bakec $*"
    [ -n "$stopped" ] || { bakec "$@" & child=$!; }
    [ -z "$child" ] || wait "$child" || code=$?
    while kill -0 "$child" 2>/dev/null; do code=0; wait "$child" || code=$?; done # a signal ended wait, not bakec
    child=''
    [ -z "$stopped" ] || code=130
    return "$code"
}

# Runs a line of Python, which bakec needs anyway, with the JSON of stdin as `it`.
json() { python3 -c "import json, sys; it = json.load(sys.stdin); $1" 2>/dev/null; }

ended() {
    code=$? torn=0
    set +e
    [ ! -e "$out/junit.xml" ] || bakec report -o "$out/report.html"
    if [ "$code" = 0 ]; then say "done"; else say "stopped: $step ended with $code"; fi
    for tag in "$candidate" "$version"; do # always print what the registry says now
        bakec verify "$@" --tag "$tag" --json 2>/dev/null | json '[print(" ", image["reference"], image["digest"] or
            {"absent": "is no tag"}.get(image["findings"][0]["code"], "is not known")) for image in it["images"]]' >&2
    done
    bakec release status >/dev/null 2>&1 || torn=$?
    if [ "$torn" = 6 ]; then say "next: bakec release status; then bakec release finish, or bakec rollback"
    elif [ "$code" = 0 ]; then say "pins are in $out/pins${moved:+; to undo: bakec rollback $moved}"
    else say "next: fix the problem above and run this again: what is built is not built again"; fi
}
trap 'ended "$@"' EXIT
trap 'stopped=yes; [ -z "$child" ] || kill -TERM "$child" || :' INT TERM HUP

mkdir -p "$out/pins/kustomize"
(cd "$out" && rm -f candidate.json promotion.json release.json junit.xml report.html pins/*.* pins/kustomize/*)
run build "$@" --tag "$candidate" ${SIGN:+--sign "$SIGN"} --release-file "$out/candidate.json" --junit "$out/junit.xml"
run verify --release "$out/candidate.json" --deep
for tag in ${ALSO:-}; do also="$also --tag $tag"; done
# shellcheck disable=SC2086 # each word of $also is an argument
run promote "$out/candidate.json" --tag "$version" $also --release-file "$out/release.json" --json >"$out/promotion.json"
moved=$(json 'print(it["release"] * any(tag["before"] != tag["digest"] for tag in it["tags"]))' <"$out/promotion.json")
for pins in compose:compose.yml kustomize:kustomize/kustomization.yaml helm:values.yml env:images.env; do
    run release export --format "${pins%%:*}" "$out/release.json" -o "$out/pins/${pins#*:}"
done
