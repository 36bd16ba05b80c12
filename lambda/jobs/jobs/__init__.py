"""Background jobs: accepted over HTTP, done by a worker from a queue, and told of by their id."""
