"""Doing something once for each idempotency key, by Powertools: the first answer is kept and given again.

Source: Powertools for AWS Lambda (Python), "Idempotency"; the header as in the IETF draft "The Idempotency-Key HTTP
Header Field": 409 while the first request goes on, 422 for the same key with another body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from proxy_integration.errors import Conflict, FieldError, Unprocessable, validation_failed

KEPT_SECONDS = 24 * 3600
KEY_LENGTH = 255


class Idempotency:
    """Answers by their keys, in a table of their own that forgets them after a day."""

    def __init__(self, store: DynamoDBPersistenceLayer) -> None:
        self._store = store
        self._config = IdempotencyConfig(
            event_key_jmespath="key", payload_validation_jmespath="body", expires_after_seconds=KEPT_SECONDS
        )

    def register(self, context: LambdaContext) -> None:
        """Tell how long the function may still run: a key whose function timed out is free again after that."""
        self._config.register_lambda_context(context)

    def once(self, key: str | None, body: str, create: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `create` makes, or made for the same key before; without a key it makes something each time.

        Raises Conflict, Unprocessable, InvalidRequest for a key that is too long, and what `create` raises, of which
        nothing is kept.
        """
        if key is None:
            return create()
        if not 1 <= len(key.strip()) <= KEY_LENGTH:
            raise validation_failed([FieldError("Idempotency-Key", f"must have 1 to {KEY_LENGTH} characters")])

        @idempotent_function(  # type: ignore[untyped-decorator]
            data_keyword_argument="data", persistence_store=self._store, config=self._config, key_prefix="create-user"
        )
        def make(*, data: dict[str, Any]) -> dict[str, Any]:
            return create()

        try:
            answer: dict[str, Any] = make(data={"key": key.strip(), "body": body})
        except IdempotencyAlreadyInProgressError as error:
            raise Conflict("A request with this Idempotency-Key is still going on: try again in a moment") from error
        except IdempotencyValidationError as error:
            raise Unprocessable("This Idempotency-Key was used for another request") from error
        return answer
