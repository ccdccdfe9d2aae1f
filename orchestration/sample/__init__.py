"""Deliveries of invented people."""
