FROM registry.example/golang:1.25 AS deps
FROM registry.example/debian:12 AS unused
FROM registry.example/alpine:3.22 AS app
RUN --mount=type=bind,from=deps,target=/go --mount=type=cache,from=deps,target=/c true
