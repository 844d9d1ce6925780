# a comment ends the directives
# syntax=docker/dockerfile:1
FROM registry.example/alpine:3.22
