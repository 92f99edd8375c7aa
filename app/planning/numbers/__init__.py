"""What `fmriplan` computes as plain numbers that a database keeps, and back."""
