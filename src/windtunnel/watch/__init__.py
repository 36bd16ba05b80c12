"""Hot reload: what is saved is served by the next request, without a deploy."""
