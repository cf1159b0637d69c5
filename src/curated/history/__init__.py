"""What was in force when, as known when."""
