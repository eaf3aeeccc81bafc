"""Bringing tables back: rows from a point in time, or a table that was deleted.

`write_back` keeps the table and writes rows of a copy into it. `bring_back` restores a table that
is gone under its old name, and sets up what DynamoDB leaves out. docs/howto/restore.md says which
is for what.
"""
