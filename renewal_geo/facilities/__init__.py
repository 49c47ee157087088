"""Who is within reach of public facilities, and where the next ones should go."""
