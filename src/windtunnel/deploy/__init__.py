"""Build, package and deploy a SAM template with change sets."""
