"""debugpy's adapter, left in the process group of the function: it ends with it, however that ends."""

import os
import runpy
import sys

os.setsid = lambda: None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
