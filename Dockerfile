# Lakewarden as an image: a plain user, nothing writable but /data and /tmp.
#
#   docker build -t lakewarden .
#   docker run --read-only --tmpfs /tmp -v lakewarden-data:/data lakewarden audit
FROM python:3.12-slim AS built
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/lakewarden \
 && /opt/lakewarden/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY app app
COPY migrations migrations
COPY policies policies
RUN /opt/lakewarden/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN groupadd --gid 10001 lakewarden \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data lakewarden \
 && mkdir /data && chown 10001:10001 /data && chmod 0700 /data
COPY --from=built /opt/lakewarden /opt/lakewarden
ENV PATH=/opt/lakewarden/bin:$PATH PYTHONDONTWRITEBYTECODE=1 LAKEWARDEN_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENTRYPOINT ["lakewarden"]
CMD ["serve"]
