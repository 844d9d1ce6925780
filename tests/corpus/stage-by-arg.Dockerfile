ARG MODE=release
FROM registry.example/debian:12 AS debug
FROM registry.example/alpine:3.22 AS release
FROM ${MODE} AS final
