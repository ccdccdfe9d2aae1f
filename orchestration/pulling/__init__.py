"""Pulling: a source's profile becomes an ordinary delivery, which landing judges like any other."""
