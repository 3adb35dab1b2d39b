"""The shapes of requests and answers; reading one gives a value that a service takes."""
