# The whole product in one image; what a container does is up to its roles (docs/deploying.md).
#   docker build -t annals .
#   docker run --init --read-only --tmpfs /tmp -v annals-data:/data -p 127.0.0.1:8000:8000 annals

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages bring a Node for machines that have an older one: the image has its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
# MCP servers started by npx keep their packages below HOME, and the rest of the file system may be read-only.
ENV NODE_ENV=production \
    ANNALS_HOST=0.0.0.0 \
    ANNALS_DATA_DIR=/data \
    ANNALS_LOG_FORMAT=json \
    HOME=/data/home
# New volumes take owner and mode from here.
RUN install -d -o node -g node -m 0700 /data /data/blobs /data/home \
    && ln -s /app/bin/annals.js /usr/local/bin/annals
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY bin bin
COPY src src
COPY examples examples
USER node
VOLUME /data
EXPOSE 8000
# Stopping takes up to 20 seconds: docker stop --time 25.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "bin/annals.js"]
CMD ["serve"]
