"""Power analyses, plans and designs for programs."""
