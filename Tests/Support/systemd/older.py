"""A database as version 1 of its schema had it: what an upgrade has to begin with.

The words of that schema are those that the tests of migrations begin with; its rows are those of a database
of today, without what came later, and with members placed by another hash, as they were then.
"""

import os
import re
import sqlite3

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
# What version 1 kept of these; the rest is of later ones.
META = ("generation", "mark")


def schema():
    with open(f"{ROOT}/Tests/AdviceStoreTests/VersionOne.swift", encoding="utf-8") as file:
        return re.search(r'"""\n(.*?)"""', file.read(), re.DOTALL).group(1)


def version(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute("PRAGMA user_version").fetchone()[0]


def rows(path, table):
    """Of a table whose columns are the same in all versions; for comparisons."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()


def columns(database, table):
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


def turn_back(path):
    """Makes the database at `path`, which nobody has open, one of version 1. Owner and mode stay."""
    entry = os.stat(path)
    old = path + ".turned"
    database = sqlite3.connect(old, isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL;" + schema())
    database.execute("ATTACH ? AS today", (path,))
    application = database.execute("PRAGMA today.application_id").fetchone()[0]
    # Whatever another hash gave: the upper bits of it are the slot of a delivery.
    database.create_function("hash1", 1, lambda number: number * 0x1234_5678_9ABC % 2**62)
    database.execute("BEGIN")
    tables = [row[0] for row in database.execute(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    for table in tables:
        names = ", ".join(columns(database, table))
        taken = names.replace("slot_hash", "hash1(subscriber)")
        taken = re.sub(r"\bslot\b", "hash1(subscriber) >> 40", taken)
        kept = f"WHERE key IN {META}" if table == "meta" else ""
        database.execute(f"INSERT INTO main.{table}({names}) SELECT {taken} FROM today.{table} {kept}")
    database.execute("COMMIT")
    database.execute(f"PRAGMA main.application_id = {application}")
    database.execute("PRAGMA main.user_version = 1")
    database.execute("DETACH today")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    os.chmod(old, entry.st_mode & 0o777)
    os.chown(old, entry.st_uid, entry.st_gid)
    for ending in ("-wal", "-shm"):
        if os.path.exists(path + ending):
            os.unlink(path + ending)
    os.rename(old, path)
