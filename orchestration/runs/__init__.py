"""How a run starts, waits its turn and ends: the jobs, the sensor and schedules, the lock, run health."""
