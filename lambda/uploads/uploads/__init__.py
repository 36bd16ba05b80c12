"""Picture uploads: sent straight to S3 under a signed policy, checked and measured when they are there."""
