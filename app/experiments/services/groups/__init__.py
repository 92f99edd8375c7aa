"""Groups: gathering, beginning steps together, acting, and what happens when somebody is gone.

Nobody waits inside a request. A browser asks now and then; whoever asks first after a time limit
settles what follows from it.
"""
