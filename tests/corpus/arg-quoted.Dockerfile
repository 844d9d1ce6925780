ARG BASE="registry.example/debian:12" OTHER='x y'
FROM ${BASE}
