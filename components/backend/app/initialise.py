"""Makes the schema, and records the machine that did it. May be run any number of times."""

import platform

from schema import STATEMENTS, connect, version

with connect() as connection:
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute("INSERT OR REPLACE INTO node VALUES ('backend-init', ?)", (platform.machine(),))
    print(f"database is at version {version(connection)}")
