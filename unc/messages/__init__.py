"""Test messages: write them, send them, follow them, and read the conversation."""
