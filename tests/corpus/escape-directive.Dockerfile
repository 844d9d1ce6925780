# escape=`
FROM registry.example/servercore:2022
COPY Dockerfile `
  C:\app\
RUN dir `
  C:\
