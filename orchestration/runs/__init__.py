"""How a run starts, waits for its turn and ends: jobs, sensor, schedule, backfill, lock and run health."""
