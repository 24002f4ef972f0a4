"""Fakes for tests of your own code against clipseek: a server in memory, and an encoder whose vectors can be worked out by hand.

>>> from clipseek.opensearch import Query, Searcher, connect
>>> from clipseek.opensearch.ingest.run import ingest
>>> from clipseek.sources import read_source
>>> from clipseek.testing import ColourEncoder, fake_server
>>> with fake_server() as server:
...     client = connect(server.url)
...     report = ingest(client, "pictures", ColourEncoder(), read_source(folder))
...     answer = Searcher.open(client, "pictures", ColourEncoder()).search(Query("red"))
"""

from .encoder import ColourEncoder
from .server import FakeServer, fake_server

__all__ = ["ColourEncoder", "FakeServer", "fake_server"]
