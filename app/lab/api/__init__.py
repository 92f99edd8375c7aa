"""The lab's records for programs, in our own words: ids, aware times, units in the names."""
