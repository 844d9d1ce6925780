FROM registry.example/python:3.13
COPY --from=registry.example/uv:0.9 /uv /bin/
COPY --link --chown=1:1 --from=registry.example/tool:1 ["/a b", "/c"]
