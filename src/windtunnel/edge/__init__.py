"""The edge: one process in front of everything, with the API Gateway and functions planes in it."""
