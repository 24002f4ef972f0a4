"""The requests of a setup: what they name, and that no secret is in those that are printed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from clipseek.opensearch.errors import InvalidAddress
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.neural.bodies import Neural
from clipseek.opensearch.neural.settings import TRUSTED, changed_settings, trusted, without

VERSION = Version("icons-0123abcd-1", "icons", "0123abcd" * 8, 4, 1)
NEURAL = Neural(VERSION, "http://127.0.0.1:8642/")
SECRET = "a-secret-of-thirty-letters-or-so"


def inside(body: Any) -> Any:
    return json.loads(json.dumps(body))


def test_the_model_carries_the_fingerprint_and_the_connector_sends_it() -> None:
    assert VERSION.fingerprint in NEURAL.model("c").body["description"]
    connector = NEURAL.connector(SECRET).body
    (action,) = connector["actions"]
    assert connector["parameters"] == {"fingerprint": VERSION.fingerprint}
    assert '"fingerprint": "${parameters.fingerprint}"' in action["request_body"]
    assert action["url"] == "http://127.0.0.1:8642/api/v1/indexes/icons/neural"


def test_the_token_stands_in_the_credential_alone() -> None:
    connector = inside(NEURAL.connector(SECRET).body)
    assert connector.pop("credential") == {"token": SECRET}
    assert SECRET not in json.dumps(connector)
    assert connector["actions"][0]["headers"]["Authorization"] == "Bearer ${credential.token}"
    assert "Authorization" not in NEURAL.connector(None).body["actions"][0]["headers"]


def test_printed_requests_are_for_dev_tools_and_hold_no_secret() -> None:
    settings = changed_settings({}, NEURAL.url)
    made = list(NEURAL.requests(settings, token=True, as_default=True))
    for request in made:
        remark, address, body = str(request).split("\n", 2)
        assert remark.startswith("# ")
        assert address == f"{request.method} {request.path}"
        assert json.loads(body) == request.body
    assert [request.path.partition("?")[0] for request in made] == [
        "/_cluster/settings",
        "/icons-0123abcd-1/_mapping",
        "/_plugins/_ml/connectors/_create",
        "/_plugins/_ml/models/_register",
        "/_search/pipeline/clipseek-icons",
        "/_ingest/pipeline/clipseek-icons",
        "/_scripts/clipseek-icons",
        "/icons-0123abcd-1/_settings",
    ]
    assert made[2].body["credential"] == {"token": "TOKEN"}
    without_default = list(NEURAL.requests({}, token=True, as_default=False))
    assert [request.path for request in without_default] == [request.path for request in made[1:-1]]


def test_the_search_pipeline_fuses_as_the_index_does() -> None:
    tuned = replace(VERSION, search={"fusion": "l2", "mean": "geometric", "weight": 0.75})
    (phase,) = Neural(tuned, NEURAL.encoder).search_pipeline("m").body["phase_results_processors"]
    assert phase["normalization-processor"] == {
        "normalization": {"technique": "l2"},
        "combination": {"technique": "geometric_mean", "parameters": {"weights": [0.25, 0.75]}},
    }


def test_the_search_template_words_its_captions_as_the_index_does() -> None:
    tuned = replace(VERSION, search={"match": "all", "exact": True})
    query = Neural(tuned, NEURAL.encoder).search_template("m").body["script"]["source"]["query"]["hybrid"]
    caption, vector = query["queries"]
    assert caption == {"match": {"caption.exact": {"query": "{{words}}", "operator": "and"}}}
    nearest, matched = (clause["neural"]["image_vector"] for clause in vector["dis_max"]["queries"])
    assert matched == {**nearest, "filter": caption}
    # Both together are kept.
    assert query["pagination_depth"] == 2 * nearest["k"]


def test_only_settings_that_differ_change_and_what_is_trusted_stays_so() -> None:
    first = changed_settings({TRUSTED: ["^https://other/.*$"]}, NEURAL.url)
    assert first[TRUSTED] == ["^https://other/.*$", trusted(NEURAL.url)]
    # As a server answers them.
    there = {name: value if isinstance(value, list) else str(value).lower() for name, value in first.items()}
    assert changed_settings(there, NEURAL.url) == {}
    assert without(there, [NEURAL.url]) == {TRUSTED: ["^https://other/.*$"]}
    assert without({TRUSTED: ["^https://other/.*$"]}, [NEURAL.url]) == {}


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("http://127.0.0.1:1", True),
        ("http://10.2.3.4", True),
        ("http://clipseek:8642", True),
        ("https://a.example.org", False),
    ],
)
def test_only_a_private_encoder_asks_for_private_addresses(address: str, private: bool) -> None:
    changed = changed_settings({}, Neural(VERSION, address).url)
    assert ("plugins.ml_commons.connector.private_ip_enabled" in changed) is private


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8642", "ftp://a", "http://", "http://a?token=x", "http://user:word@a"]
)
def test_an_encoder_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidAddress, match="give that of clipseek serve"):
        Neural(VERSION, address)
