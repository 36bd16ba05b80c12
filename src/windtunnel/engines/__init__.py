"""Where a stack runs: the embedded engine, LocalStack in Docker, AWS."""
