"""Who is answered at the moment: pauses of single senders, and a stop for everybody."""
