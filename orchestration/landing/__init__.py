"""A delivery becomes typed Parquet in the archive, or nothing does."""
