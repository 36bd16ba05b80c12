"""What LocalStack and LocalEmu need to run functions without Docker. It knows nothing of windtunnel."""
