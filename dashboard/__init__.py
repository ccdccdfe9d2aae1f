"""The dashboard in a browser: a server-rendered application that reads nothing but published releases."""
