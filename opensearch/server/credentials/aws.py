"""AWS Signature Version 4: opensearch-py signs each request, with keys of ours or of the AWS configuration."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

from ...errors import InvalidAddress
from .kinds import Credentials, Sign
from .settings import Settings

SERVICES = ("es", "aoss")
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def signing(settings: Settings) -> Credentials:
    """Credentials that sign for CLIPSEEK_AWS_REGION. Without keys of clipseek's own, botocore looks where it always does: AWS_*,
    the profile's files, the machine's role. Raises InvalidAddress.
    """
    if not (region := settings.get("aws_region")):
        raise InvalidAddress("to sign requests for AWS, name the region of the domain in CLIPSEEK_AWS_REGION")
    service = settings.get("aws_service") or SERVICES[0]
    if service not in SERVICES:
        raise InvalidAddress(f"CLIPSEEK_AWS_SERVICE is {service!r}, expected {' or '.join(SERVICES)} (serverless)")
    if importlib.util.find_spec("botocore") is None:
        raise InvalidAddress("signing for AWS needs the package botocore; install it: pip install 'clipseek[aws]'")
    key, secret, session = (settings.get(name) for name in _KEYS)
    if bool(key) != bool(secret) or (session and not key):
        raise InvalidAddress(
            "CLIPSEEK_AWS_ACCESS_KEY_ID and CLIPSEEK_AWS_SECRET_ACCESS_KEY go together; give both, or neither for those of AWS"
        )
    if key and settings.get("aws_profile"):
        raise InvalidAddress("CLIPSEEK_AWS_PROFILE and CLIPSEEK_AWS_ACCESS_KEY_ID are both given; leave one")
    keys, source = (
        (_own(key, secret, session), settings.source(*_KEYS)) if key else _of_aws(settings.get("aws_profile"))
    )
    frozen = keys.get_frozen_credentials() if hasattr(keys, "get_frozen_credentials") else keys
    return Credentials(
        f"requests signed for AWS ({service}, {region}, key {str(frozen.access_key)[:4]}...)",
        source,
        sign=_signer(keys, region, service),
        secrets=tuple(filter(None, (frozen.secret_key, frozen.token))),
    )


def _own(key: str, secret: str, session: str) -> Any:
    from botocore.credentials import Credentials as Keys

    return Keys(key, secret, session or None)


def _of_aws(profile: str) -> tuple[Any, str]:
    import botocore.exceptions
    import botocore.session

    try:
        keys = botocore.session.Session(profile=profile or None).get_credentials()
        if keys is not None:
            keys.get_frozen_credentials()  # a role's are fetched here, not in the middle of a request
    except botocore.exceptions.BotoCoreError as problem:
        raise InvalidAddress(
            f"AWS's own configuration gives no keys ({type(problem).__name__}); mend it, or set CLIPSEEK_AWS_ACCESS_KEY_ID and "
            "CLIPSEEK_AWS_SECRET_ACCESS_KEY"
        ) from None
    if keys is None:
        raise InvalidAddress(
            "no keys for AWS were found; set CLIPSEEK_AWS_ACCESS_KEY_ID and CLIPSEEK_AWS_SECRET_ACCESS_KEY, or AWS's own "
            "variables, profile or role"
        )
    return keys, f"AWS's own configuration ({keys.method})"


def _signer(keys: Any, region: str, service: str) -> Sign:
    from opensearchpy import Urllib3AWSV4SignerAuth

    # It logs what it signs, a session's token included, for whoever switches on debugging for all loggers.
    logging.getLogger("botocore.auth").setLevel(logging.INFO)
    sign: Sign = Urllib3AWSV4SignerAuth(keys, region, service)
    return sign
