"""Build, package and deploy a SAM template with change sets.

Imported by module (windtunnel.deploy.deploy, .events, .request), so that who renders events does not load boto3.
"""
