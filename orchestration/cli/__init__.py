"""The command `yacp`: a file for each family of commands."""

from orchestration.cli.main import main as main
