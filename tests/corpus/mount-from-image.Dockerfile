FROM registry.example/python:3.13
RUN --mount=from=registry.example/uv:0.9,source=/uv,target=/bin/uv --mount=type=cache,target=/root/.cache uv sync
RUN --mount=type=bind,From=registry.example/tool:1,target=/t --mount=type=tmpfs,target=/x true
