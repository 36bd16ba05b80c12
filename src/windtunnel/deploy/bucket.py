"""The S3 bucket that a stack's artifacts are uploaded to: one an account and region, objects named by their content."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from windtunnel.errors import DeployError


@dataclass(frozen=True)
class Bucket:
    """The artifacts' bucket. Its name can be guessed, so each request names its owner, for AWS to check."""

    s3: Any
    name: str
    account: str

    def ensure(self, region: str) -> None:
        """Create the bucket where there is none. Raises DeployError where the name is another account's."""
        try:
            self.s3.head_bucket(Bucket=self.name, ExpectedBucketOwner=self.account)
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("403", "AccessDenied", "Forbidden"):
                raise DeployError(
                    f"the artifacts' bucket {self.name} is not this account's, or must not be read",
                    hint="s3:ListBucket, GetObject and PutObject are needed on it",
                ) from error
            if code not in ("404", "NoSuchBucket", "NotFound"):
                raise
        # us-east-1 is the one region that must not be named
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):  # another deployment was faster
            self.s3.create_bucket(Bucket=self.name, **where)

    def has(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            self.s3.head_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return False
            raise
        return True

    def put(self, key: str, content: bytes) -> None:
        """Upload an object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=content, ExpectedBucketOwner=self.account)

    def url(self, key: str) -> str:
        """An object's address, as CloudFormation's TemplateURL takes it."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"


def open_bucket(client: Callable[[str], Any]) -> Bucket:
    """The bucket of the caller's account and region, created if need be. `client` makes boto3 clients by name."""
    s3 = client("s3")
    account, region = client("sts").get_caller_identity()["Account"], s3.meta.region_name
    bucket = Bucket(s3, f"windtunnel-artifacts-{account}-{region}", account)
    bucket.ensure(region)
    return bucket
