"""The store's SQLite tables that are there from the start.

An item table is `i<table id>`, an index `x<table id>_<hex of its name>`, a table's history `h<table id>`, a backup's
items `b<backup id>`: all but the history are clustered by the key they are read by (WITHOUT ROWID).
"""

from __future__ import annotations

from windtunnel.dynamodb.table import Index, Table

SCHEMA = """
CREATE TABLE tables (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  document TEXT NOT NULL, UNIQUE (account, region, name));
CREATE TABLE counts (
  table_id INTEGER, index_name TEXT, items INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (table_id, index_name)) WITHOUT ROWID;
CREATE TABLE streams (
  id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL,
  document TEXT NOT NULL);
CREATE TABLE stream_records (
  stream_id INTEGER, sequence INTEGER, record BLOB NOT NULL, PRIMARY KEY (stream_id, sequence)) WITHOUT ROWID;
CREATE TABLE backups (
  id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL,
  document TEXT NOT NULL);
CREATE TABLE documents (
  kind TEXT, name TEXT, document TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE client_tokens (
  token TEXT PRIMARY KEY, expires REAL NOT NULL, request BLOB NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX client_tokens_expires ON client_tokens (expires)
"""

ITEM_COLUMNS = "(p BLOB, r BLOB, item BLOB NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (p, r)) WITHOUT ROWID"
INDEX_COLUMNS = (
    "(p BLOB, r BLOB, tp BLOB, tr BLOB, item BLOB NOT NULL, size INTEGER NOT NULL, "
    "PRIMARY KEY (p, r, tp, tr)) WITHOUT ROWID"
)
HISTORY_COLUMNS = "(sequence INTEGER PRIMARY KEY, p BLOB NOT NULL, r BLOB NOT NULL, item BLOB, size INTEGER)"


def items_name(table: Table) -> str:
    """The SQLite table of a table's items."""
    return f"i{table.id}"


def index_name(table: Table, index: Index) -> str:
    """The SQLite table of an index: names differ in case, which SQLite's do not."""
    return f"x{table.id}_{index.name.encode().hex()}"


def history_name(table: Table) -> str:
    """The SQLite table of what was overwritten."""
    return f"h{table.id}"


def source_name(table: Table, index: Index | None) -> str:
    """The SQLite table of a table's items or of an index."""
    return items_name(table) if index is None else index_name(table, index)
