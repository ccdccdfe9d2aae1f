"""Who is notified of what: the outbox, mail and webhook."""
