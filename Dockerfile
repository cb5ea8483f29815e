FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GEZHI_MODE=production DATA_DIR=/data STATIC_ROOT=/app/static-files
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# Embedded mode for the build only: it needs no secret of yours to collect files.
RUN GEZHI_MODE=embedded DATA_DIR=/tmp/build python manage.py collectstatic --noinput \
    && GEZHI_MODE=embedded DATA_DIR=/tmp/build python manage.py compilemessages \
    && rm -rf /tmp/build \
    && useradd --system --uid 1000 gezhi && mkdir /data && chown gezhi /data
USER gezhi
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket"]
