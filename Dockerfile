# Built and run with nothing but this checkout: docker build -t mse-server . && docker run -p 7777:7777 -v mse:/data mse-server
FROM oven/bun:1.4.5-debian AS build
WORKDIR /source
COPY package.json bun.lock bunfig.toml tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN ./scripts/build

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --no-create-home mse && install -d -o mse -g mse -m 0700 /data
COPY --from=build /source/dist/mse-server /usr/local/bin/mse-server
COPY LICENSE /usr/share/doc/mse-server/LICENSE
USER mse

# Inside a container loopback reaches nobody, and any other address needs a token: MSE_ADMIN_TOKEN, or the one that the
# first start makes in the volume. Its path is in the log.
ENV HOME=/data MSE_BIND=0.0.0.0:7777 MSE_DATA_DIR=/data/store MSE_ADMIN_TOKEN_FILE=/data/admin-token
VOLUME /data
EXPOSE 7777
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s CMD ["mse-server", "health"]
ENTRYPOINT ["mse-server"]
CMD ["serve"]
