FROM registry.example/nothing:1 AS docs
RUN make docs
FROM docs AS more
COPY --from=registry.example/nothing:2 / /
FROM registry.example/debian:12 AS last
