"""What makes an index searchable by ``neural`` queries, as requests to the server. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ..errors import InvalidAddress
from ..index.version import Version
from ..query.clauses import unnamed, words_clause
from ..query.fusion import pipeline
from ..query.limits import DEPTH
from ..query.query import Query
from ..search.index_defaults import Setting
from ..server.templates import fill

#: What stands in printed requests where an answer's value, or a secret, is to be written.
CONNECTOR_ID, MODEL_ID, TOKEN = "CONNECTOR_ID", "MODEL_ID", "TOKEN"


@dataclass(frozen=True)
class Request:
    """One request; ``remark`` says what it is for, in one line."""

    method: str
    path: str
    body: Mapping[str, Any]
    remark: str

    def __str__(self) -> str:
        """As Dashboards' Dev Tools take it."""
        return f"# {self.remark}\n{self.method} {self.path}\n{json.dumps(self.body, indent=2)}\n"


@dataclass(frozen=True)
class Neural:
    """An index, and the address at which the server reaches ``clipseek serve`` of it (``encoder``: ``http[s]://host[:port][/path]``).

    Everything on the server that belongs to it has one name, ``name``. Raises InvalidAddress.
    """

    version: Version
    encoder: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.encoder)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise InvalidAddress(
                f"encoder {self.encoder[:80]!r} is no address; give that of clipseek serve as the server reaches it, like "
                "http://127.0.0.1:8642"
            )

    @property
    def name(self) -> str:
        return f"clipseek-{self.version.alias}"

    @property
    def url(self) -> str:
        """Where the server asks for vectors."""
        return f"{self.encoder.rstrip('/')}/api/v1/indexes/{quote(self.version.alias, safe='')}/neural"

    @property
    def description(self) -> str:
        """Of the model: by it, a model that was made for another bundle or address is told apart."""
        return f"clipseek: index {self.version.alias}, fingerprint {self.version.fingerprint}, encoder {self.url}"

    def connector(self, token: str | None) -> Request:
        """``token``: the service's; None where it wants none."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = "Bearer ${credential.token}"
        body = fill(
            "neural/connector.json",
            called=self.name,
            description=self.description,
            credential={"token": token or "none"},
            fingerprint=self.version.fingerprint,
            url=self.url,
            headers=headers,
        )
        return Request("POST", "/_plugins/_ml/connectors/_create", body, "How the server asks clipseek for a vector")

    def model(self, connector: str, group: str | None = None) -> Request:
        """``connector``: id; ``group``: id of the model group that has the name already."""
        body = fill("neural/model.json", called=self.name, description=self.description, connector_id=connector)
        return Request(
            "POST",
            "/_plugins/_ml/models/_register?deploy=true",
            {**body, **({} if group is None else {"model_group_id": group})},
            "The model that neural queries name",
        )

    def guard(self) -> Request:
        """The field by which the index refuses documents whose vectors another model made."""
        body = fill("neural/fingerprint.json", fingerprint=self.version.fingerprint)
        remark = "The index refuses documents of another model's pipeline"
        return Request("PUT", f"/{quote(self.version.index)}/_mapping", body, remark)

    def search_pipeline(self, model: str) -> Request:
        """It fuses as the index's own searches do."""
        fusion = Setting.read(self.version.search).fusion
        phases = pipeline(fusion.technique, (1 - fusion.weight, fusion.weight), mean=fusion.mean)
        body = fill(
            "neural/search_pipeline.json",
            description=self.description,
            model_id=model,
            phase_results_processors=phases["phase_results_processors"],
        )
        return Request("PUT", f"/_search/pipeline/{self.name}", body, "Queries by this pipeline need no model_id")

    def search_template(self, model: str) -> Request:
        """A hybrid by words that scores every hit by both clauses in one request: the vectors of what the words match are compared
        beside the nearest ones. Where the words match at most ``DEPTH`` captions, it ranks and scores as a complete search does.
        """
        query = Setting.of(self.version).worded(Query("{{words}}"))
        body = fill(
            "neural/search_template.json",
            caption=unnamed(words_clause(query)),
            model_id=model,
            depth=DEPTH,
            both=2 * DEPTH,
        )
        return Request("PUT", f"/_scripts/{self.name}", body, "Every hit scored by captions and vectors in one request")

    def ingest_pipeline(self, model: str) -> Request:
        body = fill(
            "neural/ingest_pipeline.json",
            description=self.description,
            fingerprint=self.version.fingerprint,
            model_id=model,
        )
        return Request("PUT", f"/_ingest/pipeline/{self.name}", body, "Documents with a picture get their vector")

    def default(self) -> Request:
        """Make the search pipeline the index's default."""
        body = {"index.search.default_pipeline": self.name}
        remark = "Searches that name no pipeline go by this one"
        return Request("PUT", f"/{quote(self.version.index)}/_settings", body, remark)

    def requests(self, settings: Mapping[str, Any], *, token: bool, as_default: bool) -> Iterator[Request]:
        """All of them, for somebody else to send. No secret is in them. ``settings``: those of the cluster to be changed;
        ``token``: whether the service wants one.
        """
        if settings:
            remark = "Settings of the whole cluster: ml-commons may ask clipseek"
            yield Request("PUT", "/_cluster/settings", {"persistent": settings}, remark)
        yield self.guard()
        yield self.connector(TOKEN if token else None)
        yield self.model(CONNECTOR_ID)
        yield self.search_pipeline(MODEL_ID)
        yield self.ingest_pipeline(MODEL_ID)
        yield self.search_template(MODEL_ID)
        if as_default:
            yield self.default()
