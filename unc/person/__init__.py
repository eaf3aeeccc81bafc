"""What is stored about one person: found, exported, erased."""
