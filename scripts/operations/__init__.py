"""What people run by hand on a deployed stack: scripts/seed, scripts/cleanup, scripts/redrive, make smoke."""
