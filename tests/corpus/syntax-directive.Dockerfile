# syntax=docker/dockerfile:1
# check=error=true
FROM registry.example/alpine:3.22
