FROM registry.example/debian:12
RUN <<EOF
set -e
cat >/Dockerfile <<INNER
FROM registry.example/nothing:1
INNER
EOF
RUN <<-"A" cat; <<B cat
	FROM registry.example/nothing:2
	A
COPY --from=registry.example/nothing:3 / /
B
