# Studium as images: app (web, worker, cron), front (nginx), database (PostgreSQL), broker (RabbitMQ).
# All stand on one Debian 12 and are laid out as a server is: the same users, folders and files of
# deploy/server. docs/operations/containers.md says how to use them.
ARG BASE=debian:12-slim

# A machine without a way out gives its wheels and npm tarballs here: --build-context goods=FOLDER
FROM scratch AS goods
COPY package-lock.json /

FROM ${BASE} AS base
LABEL studium.part=base
ENV LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
# `studium update --fresh` gives another value, so that every package is asked for again.
ARG FRESH=
# The numbers are fixed: PostgreSQL knows a process of another container by its user's number.
RUN groupadd -g 10001 studium && groupadd -g 10002 deploy && groupadd -g 10003 studium-backup \
    && groupadd -g 10010 postgres && groupadd -g 10011 rabbitmq \
    && useradd -u 10001 -g studium -G www-data -d /srv/studium -s /usr/sbin/nologin studium \
    && useradd -u 10002 -g studium -G deploy,www-data -d /srv/studium -s /usr/sbin/nologin deploy \
    && useradd -u 10003 -g studium-backup -d /var/backups/studium -s /usr/sbin/nologin studium-backup \
    && useradd -u 10010 -g postgres -d /var/lib/postgresql -s /usr/sbin/nologin postgres \
    && useradd -u 10011 -g rabbitmq -d /var/lib/rabbitmq -s /usr/sbin/nologin rabbitmq
# A volume takes owner and mode from the folder that it is mounted on first, whichever image that is.
RUN install -d -o root -g root -m 0755 /srv/studium \
    && install -d -o studium -g studium -m 2770 /srv/studium/data /srv/studium/data/errors /srv/studium/data/uploads \
        /srv/studium/backups /srv/studium/jobs /srv/studium/logs \
    && install -d -o deploy -g www-data -m 2755 /srv/studium/static \
    && install -d -o studium -g www-data -m 2750 /srv/studium/media \
    && install -d -o deploy -g studium -m 2750 /srv/studium/keys \
    && install -d -o studium -g studium -m 2771 /run/studium \
    && install -d -o studium -g studium -m 2770 /run/studium/alive \
    && install -d -o postgres -g postgres -m 2755 /run/postgresql \
    && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql \
    && install -d -o www-data -g www-data -m 0700 /etc/studium/tls /var/lib/nginx \
    && install -d -o rabbitmq -g rabbitmq -m 0700 /var/lib/rabbitmq

FROM base AS build
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
        build-essential libpq-dev python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/container/install /usr/local/bin/install-locked
COPY requirements/server.txt /usr/local/share/studium/
RUN --mount=type=bind,from=goods,target=/goods \
    install-locked python /opt/studium/uwsgi /usr/local/share/studium/server.txt
COPY requirements/deployed.txt /usr/local/share/studium/
RUN --mount=type=bind,from=goods,target=/goods \
    install-locked python /srv/studium/cache/environments/image /usr/local/share/studium/deployed.txt
COPY package.json package-lock.json .npmrc /srv/studium/cache/libraries/image/
COPY deploy/pipeline /tmp/deploy/pipeline
RUN --mount=type=bind,from=goods,target=/goods \
    install-locked libraries /srv/studium/cache/libraries/image
COPY . /source/
# Not before here: podman 4.3 takes a COPY from its cache whatever the arguments are.
ARG RELEASE=00000000T000000000000Z-000000000000
ARG COMMIT=0000000000000000000000000000000000000000
RUN PYTHONPATH=/source/deploy python3 -B -m container.inside assemble "${RELEASE}" "${COMMIT}"

FROM base AS app
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
        python3 libpython3.11 libpq5 postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/server/usr/local/bin/studium-pipeline /usr/local/bin/
COPY deploy/container/studium-inside /usr/local/bin/
COPY --from=build /opt/studium /opt/studium
COPY --from=build /srv/studium/cache /srv/studium/cache
COPY --from=build /built /
# what was compiled above finds its libraries here too
RUN /opt/studium/uwsgi/bin/uwsgi --version \
    && /srv/studium/cache/environments/image/bin/python -B -c "import psycopg2"
# what is uploaded waits on the disk, not in the memory of /tmp
ENV TMPDIR=/srv/studium/data/uploads
USER studium
WORKDIR /srv/studium
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["studium-inside", "healthy", "web"]
ENTRYPOINT ["studium-inside"]
CMD ["web", "web"]

# One job in AWS Batch: the release and its Python, nothing of a site. `docker build --target batch`
FROM app AS batch
COPY deploy/batch/studium-job /usr/local/bin/
# none of the site's folders: what a task writes is gone with its container
ENV DJANGO_SETTINGS_MODULE=config.settings.container STUDIUM_STATE=/tmp/state TMPDIR=/tmp
WORKDIR /tmp
HEALTHCHECK NONE
ENTRYPOINT ["studium-job"]
CMD ["run_away", "--help"]

FROM base AS database
RUN apt-get update -q && apt-get install -y -q --no-install-recommends postgresql-common \
    && sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
    && apt-get install -y -q --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/server/etc/postgresql/15/main /etc/studium/postgresql
COPY deploy/server/usr/local/share/studium/roles.sql /usr/local/share/studium/
COPY deploy/container/postgresql.conf /etc/studium/postgresql/
COPY deploy/container/database /usr/local/bin/
USER postgres
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["database", "healthy"]
ENTRYPOINT ["database"]

FROM base AS front
RUN apt-get update -q && apt-get install -y -q --no-install-recommends nginx-light openssl \
    && rm -rf /var/lib/apt/lists/* && chown -R www-data: /var/lib/nginx \
    && ln -sf /dev/stderr /var/log/nginx/error.log && ln -sf /dev/stdout /var/log/nginx/access.log
COPY deploy/server/etc/nginx /etc/nginx
COPY deploy/server/usr/local/share/studium/pages /usr/local/share/studium/pages
COPY deploy/container/front /usr/local/bin/
# what differs from site to site is given to the container: its names, its networks, its profile
RUN for name in host networks profile; do \
        ln -s "/etc/studium/front/$name.conf" "/etc/nginx/studium-$name.conf"; done
USER www-data
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=30s --timeout=5s CMD ["front", "healthy"]
ENTRYPOINT ["front"]

FROM base AS broker
RUN apt-get update -q && apt-get install -y -q --no-install-recommends rabbitmq-server \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/container/broker /usr/local/bin/
USER rabbitmq
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["broker", "healthy"]
ENTRYPOINT ["broker"]
