"""Load: Locust runs that end in a verdict and a report.

What Locust's own processes import (generator.py and what it needs) is standard library and Locust only: they run in
`.windtunnel/load-venv`, because gevent patches the process it is in. Everything else runs in windtunnel's own.
"""
