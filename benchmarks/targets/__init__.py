"""What is measured side by side. Each module offers the same functions:

start_queue()            make the client of the queue function, as a cold start does
start_stream()           the same for the notifier
prepare_queue(event)     return the call that handles a queue batch, ready to be timed
prepare_stream(event)    the same for a stream batch
"""
