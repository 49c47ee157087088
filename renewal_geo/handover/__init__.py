"""What land the city receives: rates, ratios, what is asked, what is offered."""
