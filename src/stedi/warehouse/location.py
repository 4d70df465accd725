"""Locations of files, as catalogs and listings write them."""


def plain(location: str) -> str:
    """Return a location as a listing has it: a local path without its scheme.

    Examples:
        >>> plain("file:///lake/a.parquet"), plain("s3://bucket/a.parquet")
        ('/lake/a.parquet', 's3://bucket/a.parquet')
    """
    return location.removeprefix("file://") if location.startswith("file:///") else location
