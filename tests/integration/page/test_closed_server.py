"""A page of another origin, in a browser that trusts the closed server's certificate and whose user knows its administrator's
password: it reads nothing of the server, and changes nothing there.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from clipseek.testing.listening import Handler, listening
from playwright.sync_api import Browser

from tests.integration.conftest import ClosedServer

pytestmark = pytest.mark.integration
SCRIPT = """async ([url, index]) => {
  const told = {}
  const ask = async (name, path, options) => {
    try {
      const answer = await fetch(url + path, {credentials: 'include', ...options})
      told[name] = answer.type === 'opaque' ? 'opaque' : await answer.text()
    } catch (problem) { told[name] = 'refused' }
  }
  await ask('read', `/${index}/_search`)
  await ask('json', `/${index}/_doc/4`, {method: 'PUT', body: '{}', headers: {'content-type': 'application/json'}})
  await ask('deleted by query', `/${index}/_delete_by_query?q=*&refresh=true`, {method: 'POST', mode: 'no-cors'})
  await ask('closed', `/${index}/_close`, {method: 'POST', mode: 'no-cors'})
  await ask('text', `/${index}/_doc?refresh=true`, {method: 'POST', mode: 'no-cors', body: '{"n": 9}'})
  told.image = await new Promise((done) => {
    const image = new Image()
    image.onload = () => done('loaded')
    image.onerror = () => done('refused')
    image.src = `${url}/${index}/_search`
  })
  for (const path of ['_delete_by_query?q=*&refresh=true', '_close']) {
    const frame = document.createElement('iframe')
    frame.name = path
    document.body.append(frame)
    const form = document.createElement('form')
    Object.assign(form, {method: 'post', action: `${url}/${index}/${path}`, target: path})
    document.body.append(form)
    await new Promise((done) => { frame.onload = done; form.submit(); setTimeout(done, 5000) })
  }
  return told
}"""


class Elsewhere(Handler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body>")


@pytest.fixture
def index(closed_server: ClosedServer) -> Iterator[str]:
    name = f"test-elsewhere-{uuid.uuid4().hex[:8]}"
    closed_server.ask("PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
    for number in range(3):
        closed_server.ask("PUT", f"/{name}/_doc/{number}?refresh=true", {"n": number})
    yield name
    closed_server.ask("DELETE", f"/{name}")


def test_another_origins_page_reads_and_changes_nothing(
    browser: Browser, closed_server: ClosedServer, index: str
) -> None:
    knows = closed_server.administrator
    context = browser.new_context(
        ignore_https_errors=True,
        http_credentials={"username": knows["CLIPSEEK_USERNAME"], "password": knows["CLIPSEEK_PASSWORD"]},
    )
    try:
        with listening(Elsewhere) as address:
            page = context.new_page()
            page.goto(closed_server.url)  # its user looked at the server in this browser before
            page.goto(address)
            told = page.evaluate(SCRIPT, [closed_server.url, index])
    finally:
        context.close()
    assert told["read"] == "refused"
    assert told["json"] == "refused"
    assert told["image"] == "refused"
    assert "hits" not in json.dumps(told)
    assert closed_server.ask("GET", f"/{index}/_count")["count"] == 3
