"""The folder YACP_HOME: its databases, files, permissions and releases, and what a crash leaves there."""
