"""One process in front of everything: host and path decide which plane a request is for."""
