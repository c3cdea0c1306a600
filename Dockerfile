# One image for every service; docker-compose.yml chooses which one a container runs.
FROM node:20-bookworm-slim AS build
WORKDIR /zonelab
COPY . .
RUN npm ci --ignore-scripts \
 && npx nx run-many -t build \
 && node tools/launch/main.mjs --help >/dev/null \
 && for command in check convert info; do node tools/launch/main.mjs img $command --help >/dev/null; done \
 && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
WORKDIR /zonelab
ENV NODE_ENV=production
COPY --from=build /zonelab /zonelab
RUN mkdir -p /var/lib/zonelab/pool && chown node:node /var/lib/zonelab/pool
USER node
