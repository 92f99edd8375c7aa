"""Moving in from Alyx: what its records are called there and here, and how they are read."""
