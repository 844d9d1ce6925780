FROM registry.example/debian:12 AS base-amd64
FROM registry.example/alpine:3.22 AS base-arm64
FROM base-$TARGETARCH
