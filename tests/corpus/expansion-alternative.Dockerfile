ARG SLIM=1
ARG NOT=
FROM registry.example/debian:12${SLIM:+-slim} AS a
FROM registry.example/debian:12${NOT:+-slim}
COPY --from=a / /
