"""The YACP dashboard as a warehouse: what lands, what is built from it, what guards it, what is published."""
