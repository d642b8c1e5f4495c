# Dockwarden in a container. Two stages: dependencies and compiler in the first, only what runs in the second.
# Behind a company's proxy or far from the usual mirrors:
#   docker build --build-arg NODE_IMAGE=mirror.example/node:24-bookworm-slim --build-arg NPM_CONFIG_REGISTRY=https://mirror.example/npm/ .
# (HTTP_PROXY, HTTPS_PROXY and NO_PROXY are build arguments of Docker itself.)
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG NPM_CONFIG_REGISTRY
WORKDIR /build
COPY package.json package-lock.json ./
# No package runs a script of its own: both native modules bring ready builds for this Node.js (docs/decisions/0007).
RUN npm ci --ignore-scripts --include=dev --omit=optional --no-audit --no-fund --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json --incremental false --declaration false \
  && chmod 755 dist/main.js
COPY docker/slim.mjs ./docker/
RUN npm prune --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund --no-update-notifier \
  && node docker/slim.mjs node_modules
COPY config/default.yml config/example.yml ./config/
COPY migrations ./migrations
COPY LICENSE CHANGELOG.md SECURITY.md ./
COPY docker/entrypoint.mjs docker/healthcheck.mjs ./docker/

FROM ${NODE_IMAGE}
ARG VERSION=0.0.0-local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Dockwarden" \
  org.opencontainers.image.description="Token authentication and per-image authorization for Docker registries" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# An account with a name, for the audit log; /data, /keys, /trust and, in the stack, /shared are all that it may write to.
RUN echo 'dockwarden:x:10001:10001:Dockwarden:/data:/usr/sbin/nologin' >>/etc/passwd \
  && echo 'dockwarden:x:10001:' >>/etc/group \
  && mkdir -m 0700 /data /keys /shared && mkdir -m 0755 /trust /etc/dockwarden \
  && chown 10001:10001 /data /keys /shared /trust \
  && printf '#!/bin/sh\nexec node /app/docker/entrypoint.mjs "$@"\n' >/usr/local/bin/dockwarden \
  && chmod 755 /usr/local/bin/dockwarden && ln -s dockwarden /usr/local/bin/dw
COPY docker/config.yml /etc/dockwarden/config.yml
COPY --from=build /build/package.json /build/LICENSE /build/CHANGELOG.md /build/SECURITY.md /app/
COPY --from=build /build/node_modules /app/node_modules
COPY --from=build /build/config /app/config
COPY --from=build /build/migrations /app/migrations
COPY --from=build /build/docker /app/docker
COPY --from=build /build/dist /app/dist
# Where things lie in this image is no question of taste; everything else stands in the file, so that yours replaces it.
ENV NODE_ENV=production \
  DOCKWARDEN_IN_CONTAINER=1 \
  DOCKWARDEN_CONFIG=/etc/dockwarden/config.yml \
  DOCKWARDEN_SERVER__HOST=0.0.0.0 \
  DOCKWARDEN_STORAGE__PATH=/data/dockwarden.db \
  DOCKWARDEN_KEYS__DIRECTORY=/keys \
  DOCKWARDEN_KEYS__TRUST_DIRECTORY=/trust
WORKDIR /data
USER 10001:10001
VOLUME ["/data", "/keys", "/trust"]
EXPOSE 5001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/docker/healthcheck.mjs"]
ENTRYPOINT ["node", "/app/docker/entrypoint.mjs"]
CMD ["serve", "--create"]
