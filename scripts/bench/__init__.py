"""`make bench`: windtunnel beside its peers, in one run, on the same application and machine."""
