"""One module per situation: development, test, deployed; all of them build on base."""
