# The service. Also renders Asterisk's configuration and prompts (docker-compose.yml, "render").
FROM node:20-bookworm-slim AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
# The build writes into ../hotline/web/static/build.
RUN mkdir -p ../hotline/web/static && npm run build

# Debian 13: its pg_dump is as new as the PostgreSQL of docker-compose.yml (hotline backup).
FROM python:3.11-slim-trixie
RUN apt-get update \
    && apt-get install -y --no-install-recommends espeak-ng postgresql-client-17 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 hotline \
    && useradd --uid 10001 --gid hotline --create-home hotline
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY hotline/ hotline/
COPY asterisk_config/ asterisk_config/
COPY --from=frontend /src/hotline/web/static/build hotline/web/static/build
# Editable, so that the templates beside the package are found.
RUN pip install --no-cache-dir --no-deps --editable . \
    && python -m hotline.web.locale \
    && mkdir -p /etc/asterisk /sounds /var/log/asterisk/cel /var/spool/asterisk/monitor /var/lib/hotline/files /var/lib/hotline/register \
    && chown -R hotline:hotline /etc/asterisk /sounds /var/log/asterisk /var/spool/asterisk /var/lib/hotline
USER hotline
EXPOSE 8080
CMD ["hotline", "serve"]
