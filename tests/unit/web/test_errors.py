"""What is said of every failure, and what is not: no address, no folder, no traceback."""

from __future__ import annotations

import json
import re

import pytest
from clipseek.encoder import errors as encoder_errors
from clipseek.opensearch import errors
from clipseek.web.errors import Refused, describe, in_fields
from pydantic_core import ValidationError

FAILURES: list[tuple[Exception, int, str]] = [
    (errors.InvalidOption("weight 3 is outside 0 to 1; leave --weight out"), 422, "invalid-query"),
    (errors.IndexMissing("no index a at http://10.0.0.1:9200; make one with: clipseek ingest"), 404, "index-missing"),
    (errors.IndexUnusable("a is /secret"), 409, "index-unusable"),
    (errors.ModelMismatch("made by the bundle at /secret"), 409, "model-mismatch"),
    (errors.Unreachable("no OpenSearch at http://10.0.0.1:9200"), 503, "server-away"),
    (errors.AccessRefused("http://10.0.0.1:9200 wants a user"), 503, "server-away"),
    (errors.TimedOut("http://10.0.0.1:9200 did not answer"), 504, "server-slow"),
    (errors.RequestRefused("http://10.0.0.1:9200 answered 400: too many clauses", 400), 422, "invalid-query"),
    (errors.RequestRefused("http://10.0.0.1:9200 answered 429: busy", 429), 503, "server-busy"),
    (errors.NotFound("http://10.0.0.1:9200 answered 404: no such index", 404), 503, "server-busy"),
    (encoder_errors.ImageError("empty file (0 bytes)"), 422, "invalid-picture"),
    (encoder_errors.Overloaded("1024 requests wait already"), 503, "encoder-busy"),
    (encoder_errors.BatcherClosed("/secret"), 503, "closing"),
    (encoder_errors.EncodeTimedOut("10 s"), 504, "encoder-slow"),
    (encoder_errors.BundleError("/secret is no bundle"), 503, "model-missing"),
    (Refused(404, "no-such-hit", "None", "none; give another"), 404, "no-such-hit"),
    (KeyError("/secret"), 500, "internal"),
    # Of an answer that we made, not of what was asked.
    (ValidationError.from_exception_data("HitAnswer", []), 500, "internal"),
]


@pytest.mark.parametrize(("failure", "status", "kind"), FAILURES)
def test_every_failure_is_a_problem(failure: Exception, status: int, kind: str) -> None:
    answer = describe(failure)
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["status"], body["type"]) == (status, status, f"urn:clipseek:problem:{kind}")
    assert answer.media_type == "application/problem+json"
    assert body["title"]
    assert body["next"]
    assert not re.search(r"/secret|10\.0\.0\.1|Traceback|--weight", f"{body}")
    assert ("retry-after" in answer.headers) == (status in (503, 504))


def test_options_of_the_command_line_are_called_by_their_fields() -> None:
    assert in_fields("leave --image, --text-weight or --caption out") == (
        'leave pictures, text_weight or kind "caption" out'
    )
