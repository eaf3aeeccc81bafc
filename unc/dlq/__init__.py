"""What an operator does about messages that came to rest in a dead-letter queue.

queues   which there are, and where their letters came from
letter   one of them: reason, age, sender, first place
box      a dead-letter queue as a port, and SQS behind it
hold     looking without taking: what is not removed goes back
outbox   sending, ten at once
routes   the way back of each kind
redrive  the loop that moves them
stream   positions in the chats stream, and the news that lies there
untold   chats that nobody was told about, when the stream has forgotten them
view     tables for a reader
commands `unc dlq …`
"""
