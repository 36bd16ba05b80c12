"""The pytest plugin: fixtures over the harness, and nothing else."""
