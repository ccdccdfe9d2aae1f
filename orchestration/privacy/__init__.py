"""Removing data for good: forgetting a person, and retention."""
