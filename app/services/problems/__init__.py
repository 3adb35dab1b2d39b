"""What is wrong with the service at the moment: each problem is decided in a file of its own.

A problem has a code, which stays, and one sentence that says what is wrong and what to do. It holds
no secret: ``GET /status`` is open to everyone.
"""
