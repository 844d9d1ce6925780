FROM registry.example/golang:1.25
RUN go build
FROM registry.example/debian:12 AS app
RUN --mount=from=0,target=/app true
