"""One process: host and path decide which plane serves a request, or that it passes through to the backplane."""
