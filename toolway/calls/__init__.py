"""What is done: from arguments to a request, and from a reply to a result."""
