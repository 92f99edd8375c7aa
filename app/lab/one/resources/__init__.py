"""The endpoints, by what they are about: shapes, filters and views beside one another."""
