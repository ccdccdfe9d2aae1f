"""Loads the folder into Superset: the assets, the descriptions from the published files, the roles, and who sees what.

Superset's own import takes the assets. It knows no roles and no row-level security, so these are set here.
"""

import os
import sys
from pathlib import Path
from typing import Any

import yaml
from superset.app import create_app

HERE = Path(__file__).parent
ASSETS = HERE / "assets"


def main() -> None:
    """Makes Superset what the folder says; what else is in it stays."""
    with create_app().app_context():
        from flask import g

        g.user = administrator()
        datasets = import_assets()
        access = yaml.safe_load((HERE / "access.yaml").read_text())
        restrict(access["row_level_security"], datasets)
        grant(access["roles"], datasets)


def administrator() -> Any:
    """The account `admin`, with the password in its file."""
    from superset import security_manager

    password = (Path(os.environ["YACP_SUPERSET_STATE"]) / "admin_password").read_text().strip()
    if user := security_manager.find_user("admin"):
        security_manager.reset_password(user.id, password)
        return user
    role = security_manager.find_role("Admin")
    return security_manager.add_user("admin", "Superset", "Administrator", "admin@localhost", role, password)


def import_assets() -> dict[str, list[Any]]:
    """Imports the assets, and gives every dataset the columns and descriptions of its table; by folder."""
    from superset import db
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.connectors.sqla.models import SqlaTable
    from superset.sql.parse import Table

    contents = {str(path.relative_to(ASSETS)): path.read_text() for path in sorted(ASSETS.rglob("*.yaml"))}
    ImportAssetsCommand(contents).run()
    datasets: dict[str, list[Any]] = {}
    for name, content in contents.items():
        if name.startswith("datasets/"):
            dataset = db.session.query(SqlaTable).filter_by(uuid=yaml.safe_load(content)["uuid"]).one()
            table = Table(dataset.table_name, dataset.schema)
            if not dataset.database.has_table(table):
                sys.exit(f"{dataset.schema}.{dataset.table_name} isn't published yet; `yacp run` publishes it.")
            dataset.fetch_metadata()
            dataset.description = dataset.database.get_table_comment(table)
            datasets.setdefault(name.split("/")[1], []).append(dataset)
    db.session.commit()
    return datasets


def restrict(rules: list[dict[str, str]], datasets: dict[str, list[Any]]) -> None:
    """Sets the rules of row-level security; a base rule with no roles holds for everybody."""
    from superset import db
    from superset.connectors.sqla.models import RowLevelSecurityFilter

    for rule in rules:
        found = db.session.query(RowLevelSecurityFilter).filter_by(name=rule["name"]).one_or_none()
        found = found or RowLevelSecurityFilter(name=rule["name"])
        found.filter_type, found.roles, found.group_key = "Base", [], None
        found.clause, found.tables = rule["clause"], datasets[rule["database"]]
        db.session.add(found)
    db.session.commit()


def grant(roles: dict[str, list[str]], datasets: dict[str, list[Any]]) -> None:
    """Gives each role its datasets, one by one, so that a dataset somebody adds later isn't open by itself."""
    from superset import db, security_manager

    for name, folders in roles.items():
        role = security_manager.add_role(name)
        role.permissions = [
            security_manager.add_permission_view_menu("datasource_access", dataset.perm)
            for folder in folders
            for dataset in datasets[folder]
        ]
    db.session.commit()


if __name__ == "__main__":
    main()
