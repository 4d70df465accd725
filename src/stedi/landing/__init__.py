"""Landing data as it really is: JSON records, judged one by one; nothing is lost, and nothing let in."""
