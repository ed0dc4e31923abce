"""What can be called: toolkits as data, the index that holds them, and the search that finds them."""
