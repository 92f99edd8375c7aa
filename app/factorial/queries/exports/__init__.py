"""What an export of a design is made of: its columns, its attempts, its rows."""
