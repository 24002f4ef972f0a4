"""The page and the HTTP API of one or several indexes: ``create_app(Settings(url, indexes=("icons",)))`` is an ASGI application."""
