"""The input contract: systems, extracts, columns, codes, as-of dates and partitions."""
