FROM registry.example/debian:12
RUN bash -c 'cat <<<"FROM registry.example/nothing:1"'
COPY --from=registry.example/tool:1 /tool /tool
