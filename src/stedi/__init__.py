"""stedi: from raw step trainer data to a training set that only holds people who agreed."""
