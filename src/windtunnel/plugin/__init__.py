"""What runs inside LocalStack. Imports nothing of the harness."""
