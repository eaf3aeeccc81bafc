"""What an operator does about messages in a dead-letter queue.

queues           which there are, what they hold, and where a redrive sends it
dead_letter      one message: reason, age, sender, first place
queue_client     a dead-letter queue as a port, and SQS behind it
visibility_lock  look at messages: hide them, release what is not removed
routes           where each kind goes on a redrive
redrive          the loop that moves them
operations       what each command does to its queues
stream_position  batches of the chats stream that Lambda stopped retrying
unnotified       chats of such a batch that no accepted POST has covered
view             tables and progress for a reader
"""
