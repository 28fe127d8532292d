# Estimates from ECGs in a folder, as no root and without a compiler:
#   docker build -t kalemia .
#   docker run --rm --network none -v "$PWD:/data" --user "$(id -u)" kalemia predict ecg.dcm --report reports
FROM python:3.12-slim AS built
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source \
    && python -m venv --without-pip /opt/kalemia \
    && pip --python /opt/kalemia/bin/python install --no-cache-dir --no-compile --only-binary :all: /wheels/*.whl \
    && find /opt/kalemia -type d -name tests -prune -exec rm -rf {} +

FROM python:3.12-slim
COPY --from=built /opt/kalemia /opt/kalemia
RUN useradd --no-create-home --uid 1000 kalemia
USER kalemia
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
ENTRYPOINT ["/opt/kalemia/bin/kalemia"]
CMD ["--help"]
