ARG TAG=12
FROM registry.example/debian:$TAG AS a
RUN a \
  && b
FROM registry.example/alpine:3.22
COPY --from=a /x \
  /x
