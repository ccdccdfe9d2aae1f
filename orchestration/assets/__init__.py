"""What is built: the extracts, the dbt models, the published files."""
