"""The Dagster UI for those who operate the pipeline, behind a guard: any web page can send requests to this machine."""
