"""Where deliveries come from: folders, SFTP servers and buckets."""
