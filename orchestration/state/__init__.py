"""The folder YACP_HOME: its databases, files, permissions and releases, and cleaning up after a crash."""
