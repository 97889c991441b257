"""Models over more rows than memory holds: read, compute and write, a block at a time."""
