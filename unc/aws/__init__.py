"""The tool's access to AWS: connection, names of resources, tables, queues, logs."""
