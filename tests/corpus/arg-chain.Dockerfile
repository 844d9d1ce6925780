ARG VERSION=12
ARG SUITE=bookworm
ARG TAG=${VERSION}-${SUITE}
FROM registry.example/debian:${TAG}-slim
