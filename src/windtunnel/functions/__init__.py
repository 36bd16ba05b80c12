"""Lambda's execution environments: a function's process under AWS's own runtime client."""
