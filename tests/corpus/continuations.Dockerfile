FROM \
  registry.example/debian:12 \
# a comment within
  AS base
RUN apt-get update \
    # another, indented

    && apt-get install -y \
       curl
FROM registry.example/alpine:3.22
COPY --from=base \
  /a /a
