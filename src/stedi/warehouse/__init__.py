"""Iceberg: catalog, tables, data files, branches and tags. The one place that knows pyiceberg."""
