"""The dashboard in a browser: pages rendered on the server, from published releases and nothing else."""
