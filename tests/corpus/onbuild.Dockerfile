FROM registry.example/node:22
ONBUILD COPY --from=registry.example/nothing:1 / /
ONBUILD RUN --mount=type=bind,from=registry.example/nothing:2,target=/x true
