"""A server in a process of its own that a test may kill: python serve.py PORT [FLAG STATEMENT].

With a flag it writes that file and waits for ever as soon as it is about to send a statement that
begins so to the database: whoever kills it then, kills it in the middle.
"""

import sys
import time
from pathlib import Path

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import run
from django.db.backends.signals import connection_created

WRAPPERS = []


def stop_at(flag, beginning):
    def wait(execute, sql, params, many, context):
        if sql.startswith(beginning):
            flag.write_text(sql)
            time.sleep(600)
        return execute(sql, params, many, context)

    def watch(connection, **_):
        connection.execute_wrappers.append(wait)

    WRAPPERS.append(watch)  # signals hold their receivers weakly
    connection_created.connect(watch)


if __name__ == "__main__":
    django.setup()
    if len(sys.argv) > 2:
        stop_at(Path(sys.argv[2]), sys.argv[3])
    run("127.0.0.1", int(sys.argv[1]), WSGIHandler(), threading=True)
