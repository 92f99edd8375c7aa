"""What is made of a design or an analysis to be taken elsewhere: reports, and a task."""
