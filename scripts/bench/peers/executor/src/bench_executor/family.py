"""Which of the two this is: LocalStack, or LocalEmu, its fork with the same modules under another name."""

import importlib.util

FAMILY = "localemu" if importlib.util.find_spec("localemu") else "localstack"
