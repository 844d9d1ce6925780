"""The database: where it is, and what is in it."""

import os
import sqlite3
from pathlib import Path

VERSION = 1
STATEMENTS = (
    "CREATE TABLE IF NOT EXISTS node (name TEXT PRIMARY KEY, machine TEXT NOT NULL)",
    f"PRAGMA user_version = {VERSION}",
)


def connect() -> sqlite3.Connection:
    """The database named by DATABASE; its directory is made if need be."""
    path = Path(os.environ.get("DATABASE", "/data/backend.db"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path)


def version(connection: sqlite3.Connection) -> int:
    """Version of the schema; 0 when it was never initialised."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
