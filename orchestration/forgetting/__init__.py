"""Forgetting a person: who it is, where they are kept, and every file written anew without them."""
