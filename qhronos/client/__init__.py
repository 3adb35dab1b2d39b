"""The client of the API: ``Client``, and ``AsyncClient`` for programs that use asyncio."""
