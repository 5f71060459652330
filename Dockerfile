# docker build --tag epoch-mirror .                            git, HTTP and directories
# docker build --tag epoch-mirror --build-arg BROWSER=1 .      Chromium too
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ARG BROWSER=0
WORKDIR /src
RUN python -m venv --without-pip /opt/epoch-mirror
COPY . .
RUN python -m pip wheel --no-deps --no-cache-dir --wheel-dir /dist .
RUN wheel="$(echo /dist/*.whl)"; \
    if [ "$BROWSER" != 0 ]; then wheel="$wheel[browser]"; fi; \
    python -m pip --python /opt/epoch-mirror install --no-cache-dir --constraint requirements.lock "$wheel"

FROM python:${PYTHON}
ARG BROWSER=0
RUN packages="ca-certificates git tini"; \
    if [ "$BROWSER" != 0 ]; then packages="$packages chromium"; fi; \
    apt-get update \
    && apt-get install --yes --no-install-recommends $packages \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --home-dir /data --shell /usr/sbin/nologin epoch-mirror \
    && install --directory --owner epoch-mirror --group epoch-mirror /data /cache
COPY --from=build /opt/epoch-mirror /opt/epoch-mirror
ENV PATH=/opt/epoch-mirror/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_DATA_HOME=/data \
    XDG_CACHE_HOME=/cache
VOLUME ["/data", "/cache"]
WORKDIR /data
USER epoch-mirror
# tini: PID 1 reaps the processes of git and Chromium, and passes signals on
ENTRYPOINT ["tini", "--", "epoch-mirror"]
CMD ["crawl", "epoch_mirror"]
