ARG GO=1.25
ARG BASE=registry.example/debian:12
FROM registry.example/golang:${GO} AS build
RUN go build
FROM $BASE
COPY --from=build /app /app
