"""An AWS account on a loopback port, for the integration tests.

The wire is moto's: this file wraps moto's own server (pinned, see `requirements.txt`) and adds what a test of
a chaos daemon needs and moto does not have: call counts, faults on the wire, a clock, big fleets in seconds,
Auto Scaling groups whose gap can be seen before it is closed, and EC2's real rules for ending several
instances at once. README.md beside this file is the manual of the control API under `/simian/`.

    python launcher.py [--port N] [--stay]

prints one line `ready PORT` on stdout and serves HTTP/1.1 on 127.0.0.1 until its stdin reaches EOF, so that no
orphan outlives the test process that started it (`--stay` ignores stdin, for use by hand).

Which account a call lands in is decided by its access key:

1. a key that AssumeRole (or CreateAccessKey) gave out belongs to the account of that role, as moto does it;
2. a key of the form `AKIA` + twelve digits + four capitals or digits, for example `AKIA111122223333TEST`,
   belongs to the account of those digits;
3. any other key belongs to 123456789012.

Secrets are never checked. The environment variable MOTO_ACCOUNT_ID would override all three inside moto, so it
is removed at the start.

What may not happen here: no connection leaves this process but to HTTP endpoints that a test itself subscribes
to a topic, and nothing is written to disk.
"""

from __future__ import annotations

import os

# Read by moto and botocore at import time, so they are set before either is imported.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # else 1,301 images and their snapshots fill every account
os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "true"  # an unregistered image must fail, as it does on AWS
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
for _variable in ("MOTO_ACCOUNT_ID", "MOTO_USER_CONFIG", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
    os.environ.pop(_variable, None)

import argparse
import base64
import collections
import copy
import dataclasses
import functools
import http.server
import io
import itertools
import json
import re
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.client import responses as REASONS
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

import moto
from botocore.parsers import RpcV2CBORParser

MOTO_VERSION = "5.2.5"
if moto.__version__ != MOTO_VERSION:
    sys.exit(f"launcher.py patches the inside of moto {MOTO_VERSION} and was given {moto.__version__}")

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import (
    ASG_NAME_TAG,
    Activity,
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState as Member,
    autoscaling_backends,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.core.utils import MISSING, get_value
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidInstanceIdError,
    InvalidLaunchTemplateIdNotFound,
    OperationNotPermitted4,
)
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.tags import TagBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, filter_reservations, get_prefix
from moto.elbv2 import elbv2_backends
from moto.elbv2.models import FakeTargetGroup
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.server import DomainDispatcherApplication, create_backend_app

import changes
import experiments
import resources
from commands import BadOrder, Refusal, RunCommand

LOG_LIMIT = 20_000  # calls kept in the log; counts go on past it
BODY_LIMIT = 64 << 20  # a request larger than any AWS one, so a runaway client cannot fill the memory
FAULT_SECONDS_LIMIT = 600  # longer than any client timeout that a test can wait for
SEED_TYPE = "t3.micro"
SEED_LIMIT = 100_000  # instances a seed call
GROUPS_PAGE = 50  # what DescribeAutoScalingGroups returns unasked, and
GROUPS_PAGE_LIMIT = 100  # the most it may be asked for (AWS API reference)
INSTANCES_PAGE_LIMIT = 1000  # the same for DescribeInstances
RECORDS_PAGE_LIMIT = 100  # the same for refreshes, activities and alarms, and the most alarms asked for by name


# --- State of this process ----------------------------------------------------------------------------------


class Clock:
    """The account's time: what the `Date` header says and what new instances and groups are stamped with."""

    def __init__(self) -> None:
        self.fixed: datetime | None = None
        self.offset = timedelta()

    def now(self) -> datetime:
        return self.fixed or datetime.now(timezone.utc) + self.offset

    def naive(self) -> datetime:
        """moto keeps UTC without a zone."""
        return self.now().replace(tzinfo=None)

    def http_date(self) -> str:
        return format_datetime(self.now(), usegmt=True)


HEALING = ("deferred", "immediate")
GAP = ("terminating", "in-service", "gone")


@dataclasses.dataclass
class Settings:
    """How the account behaves. Reset restores these defaults."""

    # "deferred": a group replaces lost members only on POST /simian/heal, so that a test sees the gap first.
    healing: str = "deferred"
    # How a member ended by EC2 TerminateInstances looks in its group until healed. AWS goes through all three:
    # "in-service" for the first seconds, then "terminating" (Terminating, Unhealthy), then "gone".
    gap: str = "terminating"


@dataclasses.dataclass
class Metadata:
    """The instance metadata service (IMDSv2). `None` in `Emulator.metadata` is a machine that is not on EC2."""

    instance_id: str = "i-0123456789abcdef0"
    account: str = DEFAULT_ACCOUNT_ID
    region: str = "us-east-1"
    zone: str = "us-east-1a"


CLOCK = Clock()
SETTINGS = Settings()


# --- Calls: what is asked, of whom --------------------------------------------------------------------------


@dataclasses.dataclass
class Request:
    method: str
    target: str  # path and query as sent
    headers: dict[str, str]  # names in lower case
    body: bytes

    @functools.cached_property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @functools.cached_property
    def query(self) -> str:
        return urlsplit(self.target).query


@dataclasses.dataclass
class Reply:
    status: int
    body: bytes
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    cut: bool = False  # promise the whole length, send half, hang up


SCOPE = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")
# AWS FIS says by method and path what is asked.
FIS_CALLS = (
    ("GET", "/safetyLevers/(?P<id>.+)", "GetSafetyLever"),
    ("POST", "/experimentTemplates", "CreateExperimentTemplate"),
    ("DELETE", "/experimentTemplates/(?P<id>.+)", "DeleteExperimentTemplate"),
    ("POST", "/experiments", "StartExperiment"),
    ("GET", "/experiments/(?P<id>.+)", "GetExperiment"),
    ("DELETE", "/experiments/(?P<id>.+)", "StopExperiment"),
)
# Names of permissions where they are not those of signatures.
PERMISSION = {"monitoring": "cloudwatch"}
ACCOUNT_IN_KEY = re.compile(r"AKIA(\d{12})[A-Z0-9]{4}")


@dataclasses.dataclass
class Call:
    """One AWS call, as far as its envelope tells. `protocol` decides the shape of an injected error."""

    service: str
    action: str
    region: str
    access_key: str
    protocol: str  # "ec2", "query", "json", "cbor", "rest-xml" or "rest-json"
    params: dict

    @property
    def name(self) -> str:
        return f"{self.service}:{self.action}"

    @classmethod
    def of(cls, request: Request) -> Call:
        scope = SCOPE.search(request.headers.get("authorization", ""))
        if scope:
            access_key, _, region, service = scope.groups()
        else:
            # Unsigned: `sts.eu-west-1.amazonaws.com` still says whom and where; a loopback address does not.
            labels = request.headers.get("host", "").split(":")[0].split(".")
            known = "amazonaws" in labels
            access_key, service = "", labels[0] if known else "unknown"
            region = labels[1] if known and labels[1] != "amazonaws" else ""
        service = PERMISSION.get(service, service)
        content_type = request.headers.get("content-type", "")
        target = request.headers.get("x-amz-target")
        smithy = re.search(r"/operation/(\w+)$", request.path)
        params: dict = {}
        if content_type.startswith("application/x-www-form-urlencoded"):
            params = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        params = params | dict(parse_qsl(request.query, keep_blank_values=True))
        if "Action" in params:
            action, protocol = params.pop("Action"), "ec2" if service == "ec2" else "query"
            params.pop("Version", None)
        else:
            action = f"{request.method} {request.path}"
            protocol = "rest-xml" if service in ("s3", "route53", "cloudfront") else "rest-json"
            if target or smithy:
                action, protocol = smithy[1] if smithy else target.rsplit(".", 1)[-1], "json"
            for method, path, name in FIS_CALLS if service == "fis" else ():
                found = re.fullmatch(path, request.path) if request.method == method else None
                if found:
                    action, params = name, params | found.groupdict()
            try:
                if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
                    protocol, decoded = "cbor", from_cbor(request.body)
                else:
                    decoded = json.loads(request.body)
            except ValueError:
                decoded = None
            if isinstance(decoded, dict):
                params |= decoded
        return cls(service, action, region, access_key, protocol, params)

    def flat(self) -> dict[str, str]:
        """Parameters as `Name`, `Name.1`, `Name.Field`: what fault rules match against."""
        found: dict[str, str] = {}

        def walk(prefix: str, value: object) -> None:
            if isinstance(value, dict):
                for key, inner in value.items():
                    walk(f"{prefix}.{key}" if prefix else str(key), inner)
            elif isinstance(value, list):
                for number, inner in enumerate(value, 1):
                    walk(f"{prefix}.{number}", inner)
            else:
                found[prefix] = value if isinstance(value, str) else json.dumps(value)

        walk("", self.params)
        return found


def to_cbor(value: object) -> bytes:
    """RFC 8949, as much of it as answers and errors need."""

    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        return bytes([major << 5 | 26]) + struct.pack(">I", number)

    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, datetime):
        return head(6, 1) + b"\xfb" + struct.pack(">d", value.timestamp())
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(to_cbor, value))
    pairs = (to_cbor(key) + to_cbor(inner) for key, inner in value.items())
    return head(5, len(value)) + b"".join(pairs)


def from_cbor(body: bytes) -> object:
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


class Recorder:
    """Counts and a bounded log of every AWS call, in order of arrival."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.counts: collections.Counter[str] = collections.Counter()
            self.scopes: collections.Counter[tuple[str, str, str]] = collections.Counter()
            self.log: collections.deque[dict] = collections.deque(maxlen=LOG_LIMIT)
            self.unimplemented: list[dict] = []
            self.number = 0

    def begin(self, call: Call) -> dict:
        """Counted on arrival, so that a call whose connection is dropped counts too."""
        with self.lock:
            self.number += 1
            entry = {
                "number": self.number,
                "at": CLOCK.now().isoformat().replace("+00:00", "Z"),
                "call": call.name,
                "region": call.region,
                "access_key": call.access_key,
                "params": call.params,
                "executed": False,
                "status": None,
                "error": None,
                "fault": None,
            }
            self.counts[call.name] += 1
            self.scopes[call.name, call.region, call.access_key] += 1
            self.log.append(entry)
            return entry

    def not_emulated(self, entry: dict, detail: str) -> None:
        with self.lock:
            self.unimplemented.append({key: entry[key] for key in ("number", "call", "params")} | {"detail": detail})

    def report(self, only: str | None = None) -> dict:
        with self.lock:
            return {
                "counts": dict(sorted(self.counts.items())),
                "scopes": [
                    {"call": call, "region": region, "access_key": key, "count": count}
                    for (call, region, key), count in sorted(self.scopes.items())
                ],
                "total": self.number,
                "log": [dict(entry) for entry in self.log if only in (None, entry["call"])],
                "unimplemented": list(self.unimplemented),
            }


# --- Faults on the wire -------------------------------------------------------------------------------------

KINDS = ("throttle", "error", "delay", "drop", "truncate", "malformed")
# Status by error code where it is not 400 (AWS common errors, EC2 and SNS error lists).
STATUS_OF = {
    "RequestLimitExceeded": 503,
    "Unavailable": 503,
    "ServiceUnavailable": 503,
    "InternalError": 500,
    "InternalFailure": 500,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "AuthorizationError": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "SignatureDoesNotMatch": 403,
    "OptInRequired": 403,
    "AuthFailure": 401,
    "NotFound": 404,
}


class BadRequest(Exception):
    """A control request that makes no sense; answered with status 400."""


def strict(body: object, cls: type, what: str) -> dict:
    """The JSON object `body`, once every key is a field of `cls`: a typing error in a test must not pass."""
    if not isinstance(body, dict):
        raise BadRequest(f"{what} must be a JSON object")
    unknown = sorted(set(body) - {field.name for field in dataclasses.fields(cls) if field.init})
    if unknown:
        raise BadRequest(f"{what} has no key {', '.join(unknown)}")
    return body


def made(cls: type, body: object, what: str) -> object:
    try:
        return cls(**strict(body, cls, what))
    except TypeError as error:
        raise BadRequest(f"{what}: {error}") from error


@dataclasses.dataclass
class Rule:
    kind: str
    service: str = "*"
    action: str = "*"
    region: str = "*"
    access_key: str = "*"
    match: dict = dataclasses.field(default_factory=dict)  # parameter -> regular expression, all must be found
    when: str = "before"  # or "after" the call has had its effect
    skip: int = 0  # let so many matching calls pass first
    times: int = 1  # -1: for ever
    code: str | None = None
    message: str = "injected by the test"
    status: int | None = None
    seconds: float = 0
    hits: int = dataclasses.field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadRequest(f"kind must be one of {', '.join(KINDS)}")
        if self.when not in ("before", "after"):
            raise BadRequest("when must be before or after")
        if self.kind == "truncate" and self.when == "before":
            raise BadRequest("truncate cuts a real answer, so it needs when = after")
        if self.kind == "error" and not self.code:
            raise BadRequest("an error needs a code")
        if self.kind == "delay" and not 0 < self.seconds <= FAULT_SECONDS_LIMIT:
            raise BadRequest(f"a delay needs seconds, more than 0 and at most {FAULT_SECONDS_LIMIT}")
        for number in (self.times, self.skip):
            if not isinstance(number, int) or isinstance(number, bool):
                raise BadRequest("times and skip are whole numbers")
        try:
            self.patterns = {name: re.compile(pattern) for name, pattern in self.match.items()}
        except (re.error, TypeError, AttributeError) as error:
            raise BadRequest(f"match: {error}") from error

    def applies(self, call: Call) -> bool:
        wanted = (self.service, call.service), (self.action, call.action), (self.region, call.region)
        if any(want not in ("*", have) for want, have in (*wanted, (self.access_key, call.access_key))):
            return False
        params = call.flat() if self.patterns else {}
        return all(name in params and pattern.search(params[name]) for name, pattern in self.patterns.items())

    def error(self, call: Call) -> tuple[int, str, str]:
        code, message = self.code, self.message
        if self.kind == "throttle":
            code = code or ("RequestLimitExceeded" if call.service == "ec2" else "Throttling")
            message = "Rate exceeded" if message == Rule.message else message
        return self.status or STATUS_OF.get(code, 400), code, message


class Faults:
    """The rules, in order. The first that applies and is not used up wins; only it is counted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rules: list[Rule] = []

    def replace(self, rules: list) -> None:
        if not isinstance(rules, list):
            raise BadRequest("rules must be a list")
        fresh = [made(Rule, rule, "a rule") for rule in rules]
        with self.lock:
            self.rules = fresh

    def take(self, call: Call) -> Rule | None:
        with self.lock:
            for rule in self.rules:
                if rule.times == 0 or not rule.applies(call):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= 1 if rule.times > 0 else 0
                rule.hits += 1
                return rule
        return None

    def report(self) -> dict:
        with self.lock:
            return {"rules": [dataclasses.asdict(rule) | {"remaining": rule.times} for rule in self.rules]}


# --- Throttling by use --------------------------------------------------------------------------------------


@dataclasses.dataclass
class Bucket:
    """A token bucket for each matching action, region and access key by itself. `counts` says what a call takes:
    one token, or one for each InstanceId in it."""

    service: str = "*"
    action: str = "*"  # a whole name, or its beginning and a star: Describe*
    holds: float = 1
    per_second: float = 0
    counts: str = "calls"  # or "instances"

    def __post_init__(self) -> None:
        if self.counts not in ("calls", "instances"):
            raise BadRequest("counts must be calls or instances")
        for number in (self.holds, self.per_second):
            if isinstance(number, bool) or not isinstance(number, (int, float)) or number < 0:
                raise BadRequest("holds and per_second are numbers, 0 or more")

    def applies(self, call: Call) -> bool:
        begins = self.action.endswith("*") and call.action.startswith(self.action[:-1])
        return self.service in ("*", call.service) and (begins or self.action == call.action)

    def cost(self, call: Call) -> int:
        if self.counts == "calls":
            return 1
        return sum(name.startswith("InstanceId.") for name in call.params)


# EC2 Developer Guide, "Request throttling for the Amazon EC2 API": the actions that the tests call. The first of each
# kind that applies is an action's bucket.
EC2_BUCKETS = [
    Bucket("ec2", "TerminateInstances", 100, 5),
    Bucket("ec2", "TerminateInstances", 1000, 20, "instances"),
    Bucket("ec2", "Describe*", 100, 20),
    Bucket("ec2", "*", 50, 5),
]


class Buckets:
    """Who finds a bucket empty is throttled and takes nothing. No buckets at first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.replace([])

    def replace(self, buckets: list[Bucket]) -> None:
        with self.lock:
            self.buckets = list(buckets)
            self.left: dict[tuple, tuple[float, datetime]] = {}

    def take(self, call: Call) -> bool:
        with self.lock:
            now = CLOCK.now()
            chosen: dict[str, Bucket] = {}
            for bucket in self.buckets:
                if bucket.applies(call):
                    chosen.setdefault(bucket.counts, bucket)
            after: dict[tuple, tuple[float, datetime]] = {}
            for counts, bucket in chosen.items():
                key = counts, call.name, call.region, call.access_key
                left, at = self.left.get(key, (bucket.holds, now))
                left = min(bucket.holds, left + max(0.0, (now - at).total_seconds()) * bucket.per_second)
                after[key] = left, now
            self.left |= after
            costs = {key: chosen[key[0]].cost(call) for key in after}
            if any(after[key][0] < cost for key, cost in costs.items()):
                return False
            self.left |= {key: (after[key][0] - cost, now) for key, cost in costs.items()}
            return True

    def report(self) -> dict:
        with self.lock:
            return {"buckets": [dataclasses.asdict(bucket) for bucket in self.buckets]}


# --- Change Calendars ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Calendar:
    """A Change Calendar: moto has none."""

    arn: str
    open: bool = True
    until: str | None = None  # when that changes


def calendar_state(calendars: dict[str, Calendar], call: Call) -> Reply:
    """SSM GetCalendarState: open when all of them are, and the first of their changes."""
    names = call.params.get("CalendarNames")
    if not isinstance(names, list) or not names:
        return aws_error(call, 400, "ValidationException", "CalendarNames must have a member")
    found = [calendars.get(name) for name in names]
    if None in found or any(name.split(":")[3:4] != [call.region] for name in names):
        return aws_error(call, 400, "InvalidDocument", "Document with that name does not exist")
    body = {"State": "OPEN" if all(one.open for one in found) else "CLOSED"}
    body["AtTime"] = CLOCK.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    changes = sorted(one.until for one in found if one.until)
    if changes:
        body["NextTransitionTime"] = changes[0]
    return Reply(200, json.dumps(body).encode(), [("Content-Type", "application/x-amz-json-1.1")])


# --- Alarms and the safety lever ----------------------------------------------------------------------------

ALARM_KINDS = {"metric": "MetricAlarm", "composite": "CompositeAlarm", "log": "LogAlarm"}
CBOR = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]


@dataclasses.dataclass
class Alarm:
    """An alarm whose state the test says. moto has alarms, and does not speak the protocol of today's SDKs."""

    name: str
    state: str | list = "OK"  # a list: what it says to one question after another; the last stays
    kind: str = "metric"
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        if self.kind not in ALARM_KINDS:
            raise BadRequest(f"kind must be one of {', '.join(ALARM_KINDS)}")
        self.states = list(self.state) if isinstance(self.state, list) else [self.state]
        if not self.states:
            raise BadRequest("an alarm needs a state")

    def shown(self) -> dict:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"AlarmName": self.name, "StateValue": state, "StateUpdatedTimestamp": CLOCK.now()}


def describe_alarms(alarms: list[Alarm], call: Call) -> Reply:
    """CloudWatch DescribeAlarms: metric alarms only, unless the call names the kinds."""
    names, types = call.params.get("AlarmNames"), call.params.get("AlarmTypes", ["MetricAlarm"])
    size = call.params.get("MaxRecords", 50)
    if not 1 <= size <= RECORDS_PAGE_LIMIT or len(names or []) > RECORDS_PAGE_LIMIT:
        return aws_error(call, 400, "ValidationError", f"at most {RECORDS_PAGE_LIMIT} names and records")
    token = call.params.get("NextToken")
    after = read_token("alarms", token) if token else ""
    if after is None:
        return aws_error(call, 400, "InvalidNextToken", f"The token '{token}' is invalid")
    found = [a for a in alarms if a.region == call.region and ALARM_KINDS[a.kind] in types and a.name > after]
    found = [a for a in found if not names or a.name in names]
    found.sort(key=lambda alarm: alarm.name)
    page = found[:size]
    body: dict = {f"{kind}s": [a.shown() for a in page if ALARM_KINDS[a.kind] == kind] for kind in types}
    if len(found) > size:
        body["NextToken"] = page_token("alarms", page[-1].name)
    return Reply(200, to_cbor(body), CBOR)


@dataclasses.dataclass
class Lever:
    """The safety lever of AWS FIS, the same in all regions here. moto has none."""

    status: str = "disengaged"
    reason: str = ""


def get_safety_lever(lever: Lever, call: Call) -> Reply:
    if call.params["id"] != "default":
        return aws_error(call, 404, "ResourceNotFoundException", "there is no such safety lever")
    arn = f"arn:aws:fis:{call.region}:{DEFAULT_ACCOUNT_ID}:safety-lever/default"
    body = {"safetyLever": {"id": "default", "arn": arn, "state": dataclasses.asdict(lever)}}
    return Reply(200, json.dumps(body).encode(), [("Content-Type", "application/json")])


REQUEST_IDS = itertools.count(1)


def aws_error(call: Call, status: int, code: str, message: str) -> Reply:
    """An error in the shape that the protocol of the call prescribes, so that an SDK finds the code."""
    request_id = f"00000000-0000-4000-8000-{next(REQUEST_IDS):012d}"
    if call.protocol == "cbor":
        return Reply(status, to_cbor({"__type": code, "message": message}), [("x-amzn-requestid", request_id), *CBOR])
    xml = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    headers = [("x-amzn-requestid", request_id)]
    if call.protocol in ("json", "rest-json"):
        headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)]
        return Reply(status, json.dumps({"__type": code, "message": message}).encode(), headers)
    if call.protocol == "ec2":
        text = f"<Response><Errors><Error>{xml}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif call.protocol == "rest-xml":
        text = f"<Error>{xml}<RequestId>{request_id}</RequestId></Error>"
    else:
        who = "Receiver" if status >= 500 else "Sender"
        text = (
            f"<ErrorResponse><Error><Type>{who}</Type>{xml}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Reply(status, body, [*headers, ("Content-Type", "text/xml;charset=UTF-8")])


# --- Patches: where moto is slow or differs from AWS in a way that a chaos test would notice -------------------


def members_of(backend: AutoScalingBackend) -> Iterable[tuple[FakeAutoScalingGroup, Member]]:
    return ((group, member) for group in backend.autoscaling_groups.values() for member in group.instance_states)


def find_member(backend: AutoScalingBackend, instance_id: str) -> tuple[FakeAutoScalingGroup, Member] | None:
    return next((pair for pair in members_of(backend) if pair[1].instance.id == instance_id), None)


ENDED = ("Successful", "Failed", "Cancelled")


def note(
    group: FakeAutoScalingGroup, description: str, cause: str, status: str = "Successful", message: str | None = None
) -> dict:
    """Adds a scaling activity. moto keeps none."""
    activity = {
        "ActivityId": str(mock_random.uuid4()),
        "AutoScalingGroupName": group.name,
        "Description": description,
        "Cause": cause,
        "StartTime": CLOCK.naive(),
        "StatusCode": status,
        "Progress": 100 if status in ENDED else 50,
    }
    if message is not None:
        activity["StatusMessage"] = message
    if status in ENDED:
        activity["EndTime"] = CLOCK.naive()
    group.__dict__.setdefault("simian_activities", []).append(activity)
    return activity


def launch(group: FakeAutoScalingGroup, count: int, tags: dict[str, str]) -> None:
    """Starts members spread over the group's zones, as AWS does. moto puts each batch into one random zone."""
    subnets: dict[str, str] = {}
    if group.vpc_zone_identifier:
        for subnet in group.ec2_backend.describe_subnets(subnet_ids=group.vpc_zone_identifier.split(",")):
            subnets.setdefault(subnet.availability_zone, subnet.id)
    taken = collections.Counter({zone: 0 for zone in sorted(group.availability_zones)})
    taken.update(
        m.availability_zone
        for m in group.instance_states
        if m.lifecycle_state == "InService" and m.availability_zone in taken
    )
    wanted: collections.Counter[str] = collections.Counter()
    for _ in range(count):
        zone = min(taken, key=taken.__getitem__)
        taken[zone] += 1
        wanted[zone] += 1
    template = {"LaunchTemplateId": group.ec2_launch_template.id} if group.ec2_launch_template else None
    public = group.launch_config.associate_public_ip_address if group.launch_config else None
    for zone, number in wanted.items():
        reservation = group.ec2_backend.run_instances(
            group.image_id,
            number,
            group.user_data,
            group.security_groups,
            instance_type=group.instance_type,
            tags={"instance": {**tags, ASG_NAME_TAG: group.name, **group.instance_tags}},
            placement=zone,
            launch_config=group.launch_config,
            launch_template=template,
            is_instance_type_default=False,
            associate_public_ip=public,
            subnet_id=subnets.get(zone),
        )
        for instance in reservation.instances:
            instance.autoscaling_group = group
            protected = group.new_instances_protected_from_scale_in
            group.instance_states.append(Member(instance, protected_from_scale_in=protected))


def heal(group: FakeAutoScalingGroup) -> dict:
    """What Auto Scaling does in its own time: drop the dead, end the sick, and come back to the desired size.

    Suspended processes hold their own step back (HealthCheck, ReplaceUnhealthy, Terminate, Launch).
    """
    on = {"HealthCheck", "ReplaceUnhealthy", "Terminate", "Launch"} - set(group._suspended_processes)
    removed: list[Member] = []
    for member in group.instance_states:
        unwell = member.health_status != "Healthy" or member.instance.state != "running"
        noticed = member.lifecycle_state == "Terminating" or (
            member.lifecycle_state == "InService" and unwell and "HealthCheck" in on
        )
        if noticed and (member.instance.state == "terminated" or {"ReplaceUnhealthy", "Terminate"} <= on):
            removed.append(member)
    staying = [member for member in group.instance_states if member not in removed]
    working = [m for m in staying if m.lifecycle_state == "InService" or m.lifecycle_state.startswith("Pending")]
    excess = len(working) - (group.desired_capacity or 0)
    if excess > 0 and "Terminate" in on:
        removed += [member for member in working if not member.protected_from_scale_in][:excess]
    for member in removed:
        member.instance.terminate()
        note(group, f"Terminating EC2 instance: {member.instance.id}", "the instance was taken out of service")
    gone = {member.instance.id for member in removed}
    group.instance_states = [m for m in group.instance_states if m.instance.id not in gone]
    before = {member.instance.id for member in group.instance_states}
    if excess < 0 and "Launch" in on:
        launch(group, -excess, group.get_propagated_tags())
    launched = [m.instance.id for m in group.instance_states if m.instance.id not in before]
    for instance_id in launched:
        note(group, f"Launching a new EC2 instance: {instance_id}", "the group was below its desired capacity")
    if gone or launched:
        balancers = elbv2_backends[group.account_id][group.region]
        balancers.notify_terminate_instances(sorted(gone))
        group.autoscaling_backend.update_attached_elbs(group.name)
        group.autoscaling_backend.update_attached_target_groups(group.name)
    return {"group": group.name, "removed": sorted(gone), "launched": launched}


def members_lost(backend: AutoScalingBackend, instance_ids: Iterable[str]) -> None:
    """Instances of this region have just been ended: show the gap, or close it, as the settings say."""
    lost = set(instance_ids)
    affected = [pair for pair in members_of(backend) if pair[1].instance.id in lost]
    for group, member in affected:
        if SETTINGS.gap == "gone":
            group.instance_states = [m for m in group.instance_states if m is not member]
        elif SETTINGS.gap == "terminating":
            member.lifecycle_state, member.health_status = "Terminating", "Unhealthy"
    if SETTINGS.healing == "immediate":
        for group in {id(group): group for group, _ in affected}.values():
            heal(group)


def is_protected(instance: Instance) -> bool:
    return str(instance.disable_api_termination).lower() == "true"


def end_together(account: str, region: str, instances: list[Instance]) -> list:
    """Ends them, and tells whoever counts them. The states that they were in."""
    before = [instance.terminate() for instance in instances]
    ids = [instance.id for instance in instances]
    elbv2_backends[account][region].notify_terminate_instances(ids)
    members_lost(autoscaling_backends[account][region], ids)
    return before


def terminate_instances(self: InstanceResponse) -> ActionResult:
    """EC2's rules for several instances at once (API reference of TerminateInstances).

    One unknown id fails the call and ends nothing. One protected instance fails the call and spares the
    specified instances of its own zone; those of the other zones are ended nevertheless. Ending an instance
    again succeeds.
    """
    ids = list(dict.fromkeys(self._get_param("InstanceIds", [])))
    malformed = [i for i in ids if not re.fullmatch(r"i-[0-9a-f]{8}(?:[0-9a-f]{9})?", i)]
    if malformed:
        raise EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{malformed[0]}"')
    if not ids:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter InstanceId")
    instances = self.ec2_backend.get_multi_instances_by_id(ids)
    self.error_on_dryrun()
    protected = [i for i in instances if is_protected(i) and i.state != "terminated"]
    spared = {instance.availability_zone for instance in protected}
    ending = [instance for instance in instances if instance.availability_zone not in spared]
    before = end_together(self.current_account, self.region, ending)
    ended = [
        {
            "InstanceId": instance.id,
            "PreviousState": state,
            "CurrentState": {"Code": 32, "Name": "shutting-down"},
        }
        for instance, state in zip(ending, before, strict=True)
    ]
    if protected:
        raise OperationNotPermitted4(protected[0].id)
    return ActionResult({"TerminatingInstances": ended})


def terminate_in_group(self: AutoScalingBackend, instance_id: str, should_decrement: bool) -> Activity:
    """TerminateInstanceInAutoScalingGroup: moto raises StopIteration (a 500) for an id that is not a member.

    EC2 termination protection does not stop it; a minimum size does when the capacity is to be decremented.
    """
    found = find_member(self, instance_id)
    if not found:
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
    group, member = found
    if should_decrement and member.instance.state != "terminated":
        if group.desired_capacity <= (group.min_size or 0):
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement"
                " will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false"
                " or lower group's min size."
            )
        group.desired_capacity -= 1
    member.instance.terminate()
    elbv2_backends[self.account_id][self.region_name].notify_terminate_instances([instance_id])
    members_lost(self, [instance_id])
    description = f"Terminating EC2 instance: {instance_id}"
    return Activity(description, "taken out of service in response to a user request", group, start_time=CLOCK.naive())


def page_token(kind: str, name: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}\n{name}".encode()).decode()


def read_token(kind: str, token: str) -> str | None:
    """The last name of the page before, or None if we never gave out that token."""
    try:
        found, _, name = base64.urlsafe_b64decode(token.encode()).decode().partition("\n")
    except ValueError:
        return None
    return name if found == kind and name else None


GROUP_FILTERS = ("tag-key", "tag-value")


def describe_groups(self: AutoScalingResponse) -> ActionResult:
    """Pages by name, so that a group deleted between two pages neither breaks the token nor hides another.

    Filters are joined by AND, the values of one by OR, and compared exactly.
    """
    filters = self._get_param("Filters", [])
    for each in filters:
        if each["Name"] not in GROUP_FILTERS and not each["Name"].startswith("tag:"):
            allowed = "Allowed Filter types are: [tag-key, tag-value, tag:*]"
            raise ValidationError(f"Filter type {each['Name']} is not correct. {allowed}")
    size = self._get_int_param("MaxRecords", GROUPS_PAGE)
    if not 1 <= size <= GROUPS_PAGE_LIMIT:
        raise ValidationError(f"The value of MaxRecords must be between 1 and {GROUPS_PAGE_LIMIT}")
    token = self._get_param("NextToken")
    after = read_token("groups", token) if token else ""
    if after is None:
        raise AutoscalingClientError("InvalidNextToken", f"The token '{token}' is invalid")
    names = self._get_param("AutoScalingGroupNames", [])
    groups = self.autoscaling_backend.describe_auto_scaling_groups(names, filters=filters)
    rest = sorted((group for group in groups if group.name > after), key=lambda group: group.name)
    page = rest[:size]
    more = page_token("groups", page[-1].name) if len(rest) > size else None
    return ActionResult({"AutoScalingGroups": page, "NextToken": more})


def describe_instances(self: InstanceResponse) -> ActionResult:
    """As moto's, but a page is bounded by instances, an alien token is an error, and ids are looked up at once."""
    self.error_on_dryrun()
    ids = self._get_param("InstanceIds", [])
    size = self._get_int_param("MaxResults")
    if ids and size is not None:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
    if size is not None and not 5 <= size <= INSTANCES_PAGE_LIMIT:
        raise EC2ClientError("InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid.")
    filters = self._filters_from_querystring()
    reservations = self.ec2_backend.all_reservations()
    if ids:
        wanted = set(ids)
        reservations = [r for r in reservations if any(i.id in wanted for i in r.instances)]
        for reservation in reservations:
            reservation.instances = [i for i in reservation.instances if i.id in wanted]
        missing = wanted - {i.id for r in reservations for i in r.instances}
        if missing:
            raise InvalidInstanceIdError(sorted(missing))
    if filters:
        reservations = filter_reservations(reservations, filters)
    start = 0
    token = self._get_param("NextToken")
    if token:
        last = read_token("instances", token)
        order = [reservation.id for reservation in self.ec2_backend.all_reservations()]
        if last not in order:
            raise EC2ClientError("InvalidNextToken", f"The token '{token}' is invalid")
        seen = set(order[: order.index(last) + 1])
        start = sum(1 for reservation in reservations if reservation.id in seen)
    # Without MaxResults AWS answers everything at once; a reservation is never split here.
    page, instances = [], 0
    for reservation in reservations[start:]:
        if size and page and instances + len(reservation.instances) > size:
            break
        page.append(reservation)
        instances += len(reservation.instances)
    more = start + len(page) < len(reservations)
    return ActionResult({"Reservations": page, "NextToken": page_token("instances", page[-1].id) if more else None})


def record_page(self: AutoScalingResponse, kind: str, records: list) -> tuple[list, str | None]:
    """A page of a list whose tokens are places in it."""
    size = self._get_int_param("MaxRecords", RECORDS_PAGE_LIMIT)
    if not 1 <= size <= RECORDS_PAGE_LIMIT:
        raise ValidationError(f"The value of MaxRecords must be between 1 and {RECORDS_PAGE_LIMIT}")
    token = self._get_param("NextToken")
    start = read_token(kind, token) if token else "0"
    if start is None:
        raise AutoscalingClientError("InvalidNextToken", f"The token '{token}' is invalid")
    end = int(start) + size
    return records[int(start) : end], page_token(kind, str(end)) if end < len(records) else None


def describe_instance_refreshes(self: AutoScalingResponse) -> ActionResult:
    """Not in moto at all. A refresh is a flag that POST /simian/group sets; none is ever carried out."""
    group = self.autoscaling_backend.autoscaling_groups.get(self._get_param("AutoScalingGroupName"))
    if group is None:
        raise ValidationError("AutoScalingGroup name not found - null")
    page, more = record_page(self, "refreshes", list(getattr(group, "simian_refreshes", [])))
    return ActionResult({"InstanceRefreshes": page, "NextToken": more})


def describe_scaling_activities(self: AutoScalingResponse) -> ActionResult:
    """What runs first, then newest first. moto always answers none."""
    name = self._get_param("AutoScalingGroupName")
    bound = datetime.min
    for each in self._get_param("Filters", []):
        if each["Name"] != "StartTimeLowerBound" or len(each["Values"]) != 1:
            raise ValidationError(f"Filter {each} is not emulated")
        bound = datetime.fromisoformat(each["Values"][0].replace("Z", "+00:00"))
        bound = bound.astimezone(timezone.utc).replace(tzinfo=None)
    groups = self.autoscaling_backend.autoscaling_groups.values()
    found = [a for group in groups if name in (None, group.name) for a in getattr(group, "simian_activities", [])]
    found = [activity for activity in reversed(found) if activity["StartTime"] >= bound]
    found.sort(key=lambda activity: activity["StatusCode"] in ENDED)
    page, more = record_page(self, "activities", found)
    return ActionResult({"Activities": page, "NextToken": more})


def pick_value(self: AttributePicker, context: AttributePickerContext) -> object:
    """moto works out for every value of every answer anew which names it may have in the model object: half the
    time of a big DescribeInstances. They depend on the class and the shape only, so one answer works them out once.
    """
    shapes = self.__dict__.setdefault("simian_names", {})
    paths = self.__dict__.setdefault("simian_transforms", {})
    place = type(context.obj), id(context.shape), context.key
    if place not in shapes:
        # The shape is kept beside the names, so that no other can get its id meanwhile.
        shapes[place] = tuple(dict.fromkeys(self.get_possible_keys(context))), context.shape
    value = None
    for name in shapes[place][0]:
        found = get_value(context.obj, name, MISSING)
        if found is not MISSING:
            value = found
            break
    path = f"{context.key_path}.{context.key}"
    if path not in paths:
        known = self.response_transformers.items()
        paths[path] = next((transform for ending, transform in known if path.endswith(ending)), None)
    return paths[path](value) if paths[path] else value


def install_patches() -> None:
    describe_tags = TagBackend.describe_tags
    run_instances = EC2Backend.run_instances
    create_group = AutoScalingBackend.create_auto_scaling_group
    terminate = Instance.terminate
    describe_volumes = EC2Backend.describe_volumes
    get_instance, get_instance_by_id = EC2Backend.get_instance, EC2Backend.get_instance_by_id
    group_tag_writers = AutoScalingBackend.create_or_update_tags, AutoScalingBackend.delete_tags
    get_template = LaunchTemplateBackend.get_launch_template
    health_for = FakeTargetGroup.health_for
    free_addresses = Subnet.available_ip_address_count

    def tags_of_one(self: TagBackend, filters: dict | None = None) -> list[dict[str, str]]:
        """Every instance asks for its own tags whenever it is shown, and moto then reads all tags of the region:
        quadratic in the size of the fleet. By far the most common question has one id, and a dictionary."""
        ids = (filters or {}).get("resource-id", ())
        if len(filters or ()) != 1 or len(ids) != 1 or not re.fullmatch(r"[\w-]+", ids[0]):
            return describe_tags(self, filters)
        kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(ids[0]), "")
        own = self.tags.get(ids[0], {})
        return [{"resource_id": ids[0], "key": k, "value": v, "resource_type": kind} for k, v in own.items()]

    def run_now(self: EC2Backend, *args: object, **kwargs: object) -> object:
        """Launch times come from the test's clock, and the new instances can be found by id."""
        reservation = run_instances(self, *args, **kwargs)
        for instance in reservation.instances:
            instance.launch_time = CLOCK.naive()
        by_id = self.__dict__.setdefault("simian_instances", {})
        by_id.update((instance.id, instance) for instance in reservation.instances)
        return reservation

    def indexed(original: Callable) -> Callable:
        """moto copies and reads every reservation to find one instance; nothing but a reset ever removes one.
        During run_instances itself the newest are not indexed yet, so they are looked for from the back."""

        def find(self: EC2Backend, instance_id: str) -> object:
            found = self.__dict__.get("simian_instances", {}).get(instance_id)
            if found is None and self.reservations:
                newest = self.reservations[next(reversed(self.reservations))]
                found = next((i for i in newest.instances if i.id == instance_id), None)
            return found or original(self, instance_id)

        return find

    def volumes_by_id(self: EC2Backend, volume_ids: list[str] | None = None, filters: object = None) -> list:
        """Asked once for every volume of every new instance."""
        if volume_ids and not filters and all(volume_id in self.volumes for volume_id in volume_ids):
            return [self.volumes[volume_id] for volume_id in volume_ids]
        return describe_volumes(self, volume_ids, filters)

    def group_must_exist(original: Callable) -> Callable:
        """moto answers a tag for a group that is gone with a KeyError, a 500."""

        def write(self: AutoScalingBackend, tags: list[dict[str, str]]) -> None:
            for tag in tags:
                if tag["ResourceId"] not in self.autoscaling_groups:
                    name = tag["ResourceId"]
                    raise ValidationError(f"AutoScalingGroup not found - AutoScaling Group {name} not found")
            original(self, tags)

        return write

    def create_group_once(self: AutoScalingBackend, name: str, *args: object, **kwargs: object) -> object:
        """moto silently replaces a group of the same name and leaks its instances."""
        if name in self.autoscaling_groups:
            raise AutoscalingClientError(
                "AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name already exists"
            )
        group = create_group(self, name, *args, **kwargs)
        group.created_time = CLOCK.naive()
        return group

    def terminate_once(self: Instance) -> object:
        """A second end of the same instance changes nothing; moto would detach its volumes twice."""
        return copy.copy(self._state) if self._state.name == "terminated" else terminate(self)

    def template_unless_gone(self: LaunchTemplateBackend, template_id: str) -> object:
        """POST /simian/launches takes one away and brings it back."""
        if template_id in self.__dict__.get("simian_gone_templates", ()):
            raise InvalidLaunchTemplateIdNotFound(template_id)
        return get_template(self, template_id)

    def health_as_told(self: FakeTargetGroup, target: dict, ec2_backend: EC2Backend) -> object:
        """moto has no checks: what is registered and runs is healthy, unless the test says otherwise."""
        health = health_for(self, target, ec2_backend)
        instance = ec2_backend.get_instance_by_id(target["Id"])
        health.status = getattr(instance, "simian_target", None) or health.status
        return health

    def addresses_as_told(self: Subnet) -> int:
        told = self.__dict__.get("simian_addresses")
        return free_addresses.fget(self) if told is None else told

    # Every RunInstances searches these lists of a thousand types from the front for the one it is given.
    for offerings in INSTANCE_TYPE_OFFERINGS["availability-zone"].values():
        offerings.sort(key=lambda offering: offering["InstanceType"] != SEED_TYPE)

    AttributePicker.__call__ = pick_value
    TagBackend.describe_tags = tags_of_one
    EC2Backend.run_instances = run_now
    EC2Backend.describe_volumes = volumes_by_id
    EC2Backend.get_instance, EC2Backend.get_instance_by_id = indexed(get_instance), indexed(get_instance_by_id)
    AutoScalingBackend.create_or_update_tags, AutoScalingBackend.delete_tags = map(group_must_exist, group_tag_writers)
    Instance.terminate = terminate_once
    InstanceResponse.terminate_instances = terminate_instances
    InstanceResponse.describe_instances = describe_instances
    AutoScalingBackend.create_auto_scaling_group = create_group_once
    AutoScalingBackend.terminate_instance = terminate_in_group
    AutoScalingResponse.describe_auto_scaling_groups = describe_groups
    AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes
    AutoScalingResponse.describe_scaling_activities = describe_scaling_activities
    FakeAutoScalingGroup.replace_autoscaling_group_instances = launch
    LaunchTemplateBackend.get_launch_template = template_unless_gone
    FakeTargetGroup.health_for = health_as_told
    Subnet.available_ip_address_count = property(addresses_as_told)
    resources.install(page_token, read_token)
    changes.install()
    experiments.install(end_together)


# --- Seeding ------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class GroupSeed:
    """A group to be. Sizes that are not given are `count`."""

    name: str
    count: int = 1
    min: int | None = None
    max: int | None = None
    desired: int | None = None
    tags: dict = dataclasses.field(default_factory=dict)
    propagate: bool = False  # whether members carry the group's tags
    zones: list = dataclasses.field(default_factory=list)
    suspended: list = dataclasses.field(default_factory=list)
    health_check: str = "EC2"
    balanced: bool = False  # behind a target group of its name
    subnets: bool = False  # in the default subnets of its zones


@dataclasses.dataclass
class BulkSeed:
    """`count` groups named PREFIX-0000, PREFIX-0001 …; `instances_each` is a number or a list to cycle through."""

    prefix: str
    count: int
    instances_each: int | list = 3
    tags: dict = dataclasses.field(default_factory=dict)
    zones: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Seed:
    region: str = "us-east-1"
    account: str = DEFAULT_ACCOUNT_ID
    launched: str | None = None  # back-dates groups and instances
    groups: list = dataclasses.field(default_factory=list)
    bulk: dict | list | None = None
    loose: int = 0  # instances outside any group


def moment(text: object) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, AttributeError) as error:
        raise BadRequest(f"{text!r} is not an RFC 3339 time") from error
    if found.tzinfo is None:
        raise BadRequest(f"{text!r} has no offset")
    return found.astimezone(timezone.utc)


def seed(order: Seed) -> dict:
    """Builds a fleet through moto's own models, in this process: thousands of HTTP calls less."""
    account, region = checked_scope(order.account, order.region)
    backdate = moment(order.launched).replace(tzinfo=None) if order.launched else None
    plans = [made(GroupSeed, body, "a group") for body in order.groups]
    for body in [order.bulk] if isinstance(order.bulk, dict) else order.bulk or []:
        bulk = made(BulkSeed, body, "bulk")
        sizes = itertools.cycle(bulk.instances_each if isinstance(bulk.instances_each, list) else [bulk.instances_each])
        plans += [
            GroupSeed(f"{bulk.prefix}-{number:04d}", next(sizes), tags=bulk.tags, zones=bulk.zones)
            for number in range(bulk.count)
        ]
    if sum(plan.count for plan in plans) + order.loose > SEED_LIMIT:
        raise BadRequest(f"a seed has at most {SEED_LIMIT} instances")
    ec2, scaling = ec2_backends[account][region], autoscaling_backends[account][region]
    taken = [plan.name for plan in plans if plan.name in scaling.autoscaling_groups]
    taken += [name for name, count in collections.Counter(plan.name for plan in plans).items() if count > 1]
    if taken:
        raise BadRequest(f"these groups exist already or are given twice: {', '.join(taken[:5])}")
    template = next((t for t in ec2.launch_templates.values() if t.name == "simian-seed"), None)
    if template is None:
        image = ec2.register_image("simian-seed", "what seeded instances run")
        data = {"ImageId": image.id, "InstanceType": SEED_TYPE}
        template = ec2.create_launch_template("simian-seed", "for seeded groups", data, {})
    all_zones = sorted(zone.name for zone in ec2.describe_availability_zones())[:3]
    members: dict[str, list[str]] = {}
    target_groups: dict[str, str] = {}
    fresh: list[Instance] = []
    for plan in plans:
        zones = plan.zones or all_zones
        subnets = [subnet.id for subnet in ec2.describe_subnets() if subnet.availability_zone in zones]
        if plan.balanced:
            target_groups[plan.name] = target_group(account, region, plan.name)
        group = scaling.create_auto_scaling_group(
            name=plan.name,
            availability_zones=zones,
            desired_capacity=plan.count,
            max_size=plan.count if plan.max is None else plan.max,
            min_size=plan.count if plan.min is None else plan.min,
            launch_config_name="",
            launch_template={"LaunchTemplateId": template.id, "Version": "1"},
            vpc_zone_identifier=",".join(subnets) if plan.subnets else None,
            default_cooldown=None,
            health_check_period=None,
            health_check_type=plan.health_check,
            load_balancers=[],
            target_group_arns=[target_groups[plan.name]] if plan.balanced else [],
            placement_group=None,
            termination_policies=[],
            tags=[{"Key": k, "Value": v, "PropagateAtLaunch": plan.propagate} for k, v in plan.tags.items()],
        )
        if plan.desired is not None:
            group.desired_capacity = plan.desired
        group.suspended_processes = list(plan.suspended)
        group.created_time = backdate or group.created_time
        fresh += [member.instance for member in group.instance_states]
        members[plan.name] = [member.instance.id for member in group.instance_states]
    loose: list[str] = []
    if order.loose:
        reservation = ec2.run_instances(
            template.versions[0].image_id,
            order.loose,
            None,
            [],
            instance_type=SEED_TYPE,
            is_instance_type_default=False,
            placement=all_zones[0],
        )
        fresh += reservation.instances
        loose = [instance.id for instance in reservation.instances]
    for instance in fresh if backdate else ():
        instance.launch_time = backdate
    done = {"groups": len(plans), "instances": len(fresh), "members": members, "loose": loose}
    return done | {"target_groups": target_groups}


def target_group(account: str, region: str, name: str) -> str:
    """Makes one in the default network; its ARN."""
    vpc = next(vpc for vpc in ec2_backends[account][region].vpcs.values() if vpc.is_default)
    made_one = elbv2_backends[account][region].create_target_group(
        name, vpc_id=vpc.id, protocol="HTTP", port=80, target_type="instance"
    )
    return made_one.arn


# --- The control API ----------------------------------------------------------------------------------------


def checked_scope(account: str, region: str) -> tuple[str, str]:
    if not re.fullmatch(r"\d{12}", str(account)):
        raise BadRequest(f"account {account!r} is not twelve digits")
    try:
        ec2_backends[account][region]
    except KeyError as error:
        raise BadRequest(f"there is no region {region!r}") from error
    return account, region


def zulu(when: datetime | str | None) -> str | None:
    return when.isoformat(timespec="seconds") + "Z" if isinstance(when, datetime) else when


@dataclasses.dataclass
class MemberChange:
    """Raw changes to one instance, its group not asked. A value that is not given is left alone."""

    instance: str
    region: str = "us-east-1"
    account: str = DEFAULT_ACCOUNT_ID
    health: str | None = None  # Healthy, Unhealthy
    lifecycle: str | None = None  # InService, Standby, Pending, Pending:Wait, Terminating, Warmed:Stopped …
    protected: bool | None = None  # from scale in
    termination_protected: bool | None = None  # EC2's disableApiTermination
    state: str | None = None  # EC2's: pending, running, shutting-down, terminated, stopping, stopped
    launched: str | None = None
    tags: dict | None = None  # null removes one
    target: str | None = None  # what balancers say of it: healthy, unhealthy, draining … "" is moto's own word
    spot: bool | None = None  # a Spot instance, or no longer one
    detach: bool = False  # no longer a member, and not replaced


@dataclasses.dataclass
class GroupChange:
    """Raw changes to one group, its members not touched until healed. A value that is not given is left alone."""

    name: str
    region: str = "us-east-1"
    account: str = DEFAULT_ACCOUNT_ID
    min: int | None = None
    max: int | None = None
    desired: int | None = None
    tags: dict | None = None  # null removes one
    suspended: list | None = None
    refresh: str | None = None  # an instance refresh of that status; "" removes all
    activity: str | None = None  # adds a launch of that status; "" removes all activities
    message: str | None = None  # and AWS's words on it
    addresses: int | None = None  # free in each of its subnets; -1 is moto's own count
    delete: bool = False  # the group and its members, at once


@dataclasses.dataclass
class LaunchesChange:
    """What seeded groups launch from. A value that is not given is left alone."""

    region: str = "us-east-1"
    account: str = DEFAULT_ACCOUNT_ID
    template: bool | None = None  # whether there is the launch template
    image: str | None = None  # the image's state: available, disabled, pending …


STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


class Control:
    """Everything under /simian/. Each handler takes the JSON body and the query and returns JSON."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.routes: dict[tuple[str, str], Callable[[dict, dict], dict]] = {
            ("POST", "reset"): self.reset,
            ("POST", "settings"): self.settings,
            ("GET", "settings"): lambda body, query: dataclasses.asdict(SETTINGS),
            ("POST", "clock"): self.clock,
            ("GET", "clock"): lambda body, query: {"now": CLOCK.now().isoformat().replace("+00:00", "Z")},
            ("GET", "calls"): lambda body, query: emulator.recorder.report(query.get("call")),
            ("POST", "calls/reset"): self.reset_calls,
            ("GET", "faults"): lambda body, query: emulator.faults.report(),
            ("POST", "faults"): self.set_faults,
            ("GET", "buckets"): lambda body, query: emulator.buckets.report(),
            ("POST", "buckets"): self.set_buckets,
            ("POST", "calendars"): self.set_calendars,
            ("POST", "alarms"): self.set_alarms,
            ("POST", "lever"): self.set_lever,
            ("POST", "launches"): self.launches,
            ("POST", "seed"): lambda body, query: seed(made(Seed, body, "a seed")),
            ("POST", "resources"): self.resources,
            ("POST", "nodes"): lambda body, query: emulator.run_command.set_nodes(body),
            ("POST", "commands/take"): lambda body, query: emulator.run_command.take(body),
            ("POST", "commands/answer"): lambda body, query: emulator.run_command.answer(body),
            ("POST", "heal"): self.heal,
            ("POST", "member"): self.member,
            ("POST", "group"): self.group,
            ("POST", "imds"): self.imds,
            ("GET", "instances"): self.instances,
            ("GET", "groups"): self.groups,
        }

    def answer(self, request: Request) -> Reply:
        handler = self.routes.get((request.method, request.path.removeprefix("/simian/").rstrip("/")))
        query = {key: values[-1] for key, values in parse_qs(request.query).items()}
        try:
            if handler is None:
                return self.json(404, {"error": f"there is no {request.method} {request.path}"})
            body = json.loads(request.body) if request.body.strip() else {}
            # Seeding or resetting must not meet a half-done call. An injected delay sleeps outside this lock.
            with self.emulator.moto_lock:
                return self.json(200, handler(body, query))
        except (BadRequest, BadOrder, json.JSONDecodeError) as error:
            return self.json(400, {"error": str(error)})
        except Exception as error:  # a bug in a test's order or here; either way the test should read it
            traceback.print_exc()
            return self.json(500, {"error": f"{type(error).__name__}: {error}"})

    @staticmethod
    def json(status: int, body: dict) -> Reply:
        return Reply(status, json.dumps(body, default=str).encode(), [("Content-Type", "application/json")])

    def reset(self, body: dict, query: dict) -> dict:
        if set(body) - {"seed"}:
            raise BadRequest("reset takes seed only")
        moto_api_backend.reset()
        for field in dataclasses.fields(Settings):
            setattr(SETTINGS, field.name, field.default)
        CLOCK.__init__()
        self.emulator.faults.replace([])
        self.emulator.buckets.replace([])
        self.emulator.calendars = {}
        self.emulator.alarms, self.emulator.lever = [], Lever()
        self.emulator.run_command.reset()
        self.emulator.recorder.reset()
        self.emulator.metadata = None
        if "seed" in body:
            mock_random.seed(int(body["seed"]))
        return {}

    def settings(self, body: dict, query: dict) -> dict:
        changes = strict(body, Settings, "settings")
        for key, allowed in (("healing", HEALING), ("gap", GAP)):
            if changes.get(key, allowed[0]) not in allowed:
                raise BadRequest(f"{key} must be one of {', '.join(allowed)}")
        for key, value in changes.items():
            setattr(SETTINGS, key, value)
        return dataclasses.asdict(SETTINGS)

    def clock(self, body: dict, query: dict) -> dict:
        if set(body) not in ({"now"}, {"offset_seconds"}):
            raise BadRequest("clock takes now (a time, or null for real time) or offset_seconds")
        fixed = moment(body["now"]) if body.get("now") else None
        CLOCK.fixed, CLOCK.offset = fixed, timedelta(seconds=float(body.get("offset_seconds", 0)))
        return {"now": CLOCK.now().isoformat().replace("+00:00", "Z")}

    def reset_calls(self, body: dict, query: dict) -> dict:
        self.emulator.recorder.reset()
        return {}

    def set_faults(self, body: dict, query: dict) -> dict:
        if set(body) != {"rules"}:
            raise BadRequest("faults takes rules, a list; an empty one clears")
        self.emulator.faults.replace(body["rules"])
        return self.emulator.faults.report()

    def set_buckets(self, body: dict, query: dict) -> dict:
        if set(body) not in ({"buckets"}, {"documented"}):
            raise BadRequest("buckets takes buckets, a list (an empty one clears), or documented, which is true")
        if "documented" in body:
            if body["documented"] is not True:
                raise BadRequest("documented is true: clear with an empty list of buckets")
            fresh = EC2_BUCKETS
        elif isinstance(body["buckets"], list):
            fresh = [made(Bucket, bucket, "a bucket") for bucket in body["buckets"]]
        else:
            raise BadRequest("buckets must be a list")
        self.emulator.buckets.replace(fresh)
        return self.emulator.buckets.report()

    def set_calendars(self, body: dict, query: dict) -> dict:
        if set(body) != {"calendars"} or not isinstance(body["calendars"], list):
            raise BadRequest("calendars takes calendars, a list; an empty one removes them")
        made_ones = [made(Calendar, calendar, "a calendar") for calendar in body["calendars"]]
        for calendar in made_ones:
            if calendar.until is not None:
                moment(calendar.until)
        self.emulator.calendars = {calendar.arn: calendar for calendar in made_ones}
        return {}

    def set_alarms(self, body: dict, query: dict) -> dict:
        if set(body) != {"alarms"} or not isinstance(body["alarms"], list):
            raise BadRequest("alarms takes alarms, a list; an empty one removes them")
        self.emulator.alarms = [made(Alarm, alarm, "an alarm") for alarm in body["alarms"]]
        return {}

    def set_lever(self, body: dict, query: dict) -> dict:
        self.emulator.lever = made(Lever, body, "the lever")
        return dataclasses.asdict(self.emulator.lever)

    def resources(self, body: dict, query: dict) -> dict:
        order = made(resources.ResourceSeed, body, "resources")
        checked_scope(order.account, order.region)
        numbers = dataclasses.asdict(order).values()
        if any(isinstance(number, int) and not 0 <= number <= SEED_LIMIT for number in numbers):
            raise BadRequest(f"at least 0 and at most {SEED_LIMIT} of each")
        return resources.seed_resources(order)

    def launches(self, body: dict, query: dict) -> dict:
        change = made(LaunchesChange, body, "launches")
        account, region = checked_scope(change.account, change.region)
        ec2 = ec2_backends[account][region]
        template = next((t for t in ec2.launch_templates.values() if t.name == "simian-seed"), None)
        if template is None:
            raise BadRequest("nothing was seeded there")
        image = ec2.amis[template.versions[0].image_id]
        if change.template is not None:
            ec2.__dict__["simian_gone_templates"] = set() if change.template else {template.id}
        image.state = change.image or image.state
        return {"template": template.id, "image": image.id}

    def heal(self, body: dict, query: dict) -> dict:
        if set(body) - {"region", "account", "group"}:
            raise BadRequest("heal takes region, account and group")
        groups = self.found_groups(body)
        if "group" in body:
            groups = [group for group in groups if group.name == body["group"]]
            if not groups:
                raise BadRequest(f"there is no group {body['group']}")
        healed = [heal(group) for group in groups]
        return {"healed": [one for one in healed if one["removed"] or one["launched"]]}

    def found_groups(self, scope: dict) -> list[FakeAutoScalingGroup]:
        account, region = checked_scope(scope.get("account", DEFAULT_ACCOUNT_ID), scope.get("region", "us-east-1"))
        groups = autoscaling_backends[account][region].autoscaling_groups.values()
        return sorted(groups, key=lambda group: group.name)

    def member(self, body: dict, query: dict) -> dict:
        change = made(MemberChange, body, "a member")
        account, region = checked_scope(change.account, change.region)
        instance = ec2_backends[account][region].get_instance_by_id(change.instance)
        if instance is None:
            raise BadRequest(f"there is no instance {change.instance} in {region} of {account}")
        found = find_member(autoscaling_backends[account][region], change.instance)
        of_group = (change.health, change.lifecycle, change.protected, change.detach or None)
        if found is None and any(value is not None for value in of_group):
            raise BadRequest(f"{change.instance} is not a member of any group")
        if change.state is not None:
            if change.state not in STATES:
                raise BadRequest(f"state must be one of {', '.join(STATES)}")
            if change.state == "terminated":
                instance.terminate()
            instance._state.name, instance._state.code = change.state, STATES[change.state]
        if change.termination_protected is not None:
            instance.disable_api_termination = change.termination_protected
        if change.launched is not None:
            instance.launch_time = moment(change.launched).replace(tzinfo=None)
        if change.spot is not None:
            instance.lifecycle = "spot" if change.spot else None
        if change.target is not None:
            instance.simian_target = change.target
        for key, value in (change.tags or {}).items():
            if value is None:
                instance.ec2_backend.delete_tag_keys([instance.id], [key])
            else:
                instance.add_tag(key, value)
        if found:
            group, member = found
            member.health_status = change.health or member.health_status
            member.lifecycle_state = change.lifecycle or member.lifecycle_state
            if change.protected is not None:
                member.protected_from_scale_in = change.protected
            if change.detach:
                group.instance_states = [m for m in group.instance_states if m is not member]
                instance.ec2_backend.delete_tag_keys([instance.id], [ASG_NAME_TAG])
        return self.shown(instance, *(find_member(autoscaling_backends[account][region], instance.id) or (None, None)))

    def group(self, body: dict, query: dict) -> dict:
        change = made(GroupChange, body, "a group")
        found = [group for group in self.found_groups(body) if group.name == change.name]
        if not found:
            raise BadRequest(f"there is no group {change.name} in {change.region} of {change.account}")
        group = found[0]
        if change.delete:
            for member in group.instance_states:
                member.instance.terminate()
            del group.autoscaling_backend.autoscaling_groups[group.name]
            return {}
        group.min_size = group.min_size if change.min is None else change.min
        group.max_size = group.max_size if change.max is None else change.max
        group.desired_capacity = group.desired_capacity if change.desired is None else change.desired
        for key, value in (change.tags or {}).items():
            group.tags = [tag for tag in group.tags if tag["Key"] != key]
            if value is not None:
                group.tags = [*group.tags, {"Key": key, "Value": value}]
        if change.suspended is not None:
            group.suspended_processes = list(change.suspended)
        if change.refresh is not None:
            refresh = {
                "InstanceRefreshId": str(mock_random.uuid4()),
                "AutoScalingGroupName": group.name,
                "Status": change.refresh,
                "StartTime": CLOCK.naive(),
                "PercentageComplete": 0,
            }
            group.simian_refreshes = [refresh] if change.refresh else []
        if change.activity == "":
            group.simian_activities = []
        elif change.activity is not None:
            what = "Launching a new EC2 instance" + (f".  Status Reason: {change.message}" if change.message else "")
            note(group, what, "put there by the test", change.activity, change.message)
        if change.addresses is not None:
            ids = [subnet for subnet in (group.vpc_zone_identifier or "").split(",") if subnet]
            if not ids:
                raise BadRequest(f"{change.name} is in no subnet: seed it with subnets")
            for subnet in group.ec2_backend.describe_subnets(subnet_ids=ids):
                subnet.simian_addresses = None if change.addresses < 0 else change.addresses
        return self.shown_group(group)

    def imds(self, body: dict, query: dict) -> dict:
        body = dict(body)
        enabled = body.pop("enabled", True)
        self.emulator.metadata = made(Metadata, body, "imds") if enabled else None
        return {"enabled": enabled}

    @staticmethod
    def shown(instance: Instance, group: FakeAutoScalingGroup | None, member: Member | None) -> dict:
        return {
            "id": instance.id,
            "state": instance.state,
            "zone": instance.availability_zone,
            "launched": zulu(instance.launch_time),
            "termination_protected": is_protected(instance),
            "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
            "group": group.name if group else None,
            "lifecycle": member.lifecycle_state if member else None,
            "health": member.health_status if member else None,
            "protected": bool(member.protected_from_scale_in) if member else None,
        }

    @staticmethod
    def shown_group(group: FakeAutoScalingGroup) -> dict:
        return {
            "name": group.name,
            "min": group.min_size,
            "max": group.max_size,
            "desired": group.desired_capacity,
            "zones": group.availability_zones,
            "created": zulu(group.created_time),
            "tags": {tag["Key"]: tag["Value"] for tag in group.tags},
            "suspended": sorted(group._suspended_processes),
            "members": [
                {
                    "id": member.instance.id,
                    "zone": member.availability_zone,
                    "state": member.instance.state,
                    "lifecycle": member.lifecycle_state,
                    "health": member.health_status,
                    "protected": bool(member.protected_from_scale_in),
                }
                for member in group.instance_states
            ],
        }

    def instances(self, body: dict, query: dict) -> dict:
        owners = {m.instance.id: (group, m) for group in self.found_groups(query) for m in group.instance_states}
        backend = ec2_backends[query.get("account", DEFAULT_ACCOUNT_ID)][query.get("region", "us-east-1")]
        everything = (i for reservation in backend.reservations.values() for i in reservation.instances)
        return {"instances": [self.shown(i, *owners.get(i.id, (None, None))) for i in everything]}

    def groups(self, body: dict, query: dict) -> dict:
        return {"groups": [self.shown_group(group) for group in self.found_groups(query)]}


# --- The server ---------------------------------------------------------------------------------------------


class Emulator:
    """moto between our two ends: in front of it counting and faults, behind it the patches."""

    def __init__(self) -> None:
        self.application = DomainDispatcherApplication(create_backend_app)
        # moto's models are plain dictionaries, changed and iterated from every request thread.
        self.moto_lock = threading.RLock()
        self.recorder = Recorder()
        self.faults = Faults()
        self.buckets = Buckets()
        self.calendars: dict[str, Calendar] = {}
        self.alarms: list[Alarm] = []
        self.lever = Lever()
        self.run_command = RunCommand(CLOCK.now, page_token, read_token)
        self.metadata: Metadata | None = None
        self.control = Control(self)

    def answer(self, request: Request) -> Reply | None:
        """None: hang up without a word."""
        if request.path.startswith("/simian/") or request.path == "/simian":
            return self.control.answer(request)
        if request.path.startswith("/latest/"):
            return self.imds(request)
        call = Call.of(request)
        entry = self.recorder.begin(call)
        rule = self.faults.take(call)
        entry["fault"] = rule.kind if rule else None
        if rule is None and not self.buckets.take(call):
            entry["fault"] = "bucket"
            rule = Rule("throttle")
        reply: Reply | None = None
        if rule is None or rule.when == "after" or rule.kind == "delay":
            if rule and rule.when == "before":
                time.sleep(rule.seconds)
            reply = self.moto(request, call, entry)
            entry["executed"] = True
        if rule and not (rule.kind == "delay" and rule.when == "before"):
            reply = self.spoiled(rule, call, reply)
        if reply is not None:
            entry["status"] = reply.status
            entry["error"] = entry["error"] or self.error_code(reply)
        return reply

    @staticmethod
    def spoiled(rule: Rule, call: Call, reply: Reply | None) -> Reply | None:
        """The answer that the rule makes of the true one (None when the call was not let through)."""
        if rule.kind in ("error", "throttle"):
            return aws_error(call, *rule.error(call))
        if rule.kind == "drop":
            return None
        if rule.kind == "malformed":
            kind = "application/x-amz-json-1.1" if "json" in call.protocol else "text/xml"
            kind = "application/cbor" if call.protocol == "cbor" else kind
            return Reply(rule.status or 200, b"\x00 this is not what you expected <", [("Content-Type", kind)])
        if rule.kind == "truncate":
            return dataclasses.replace(reply, cut=True)
        time.sleep(rule.seconds)
        return reply

    @staticmethod
    def error_code(reply: Reply) -> str | None:
        if reply.status < 400:
            return None
        if CBOR[0] in reply.headers:
            return from_cbor(reply.body)["__type"]
        found = re.search(rb"<Code>([^<]*)</Code>", reply.body) or re.search(rb'"__type": *"([^"]*)"', reply.body)
        return found[1].decode() if found else None

    def moto(self, request: Request, call: Call, entry: dict) -> Reply:
        if call.name == "ssm:GetCalendarState":
            return calendar_state(self.calendars, call)
        if call.name == "cloudwatch:DescribeAlarms" and call.protocol == "cbor":
            with self.moto_lock:
                return describe_alarms(self.alarms, call)
        if call.name == "fis:GetSafetyLever":
            return get_safety_lever(self.lever, call)
        if call.service == "ssm" and call.action in self.run_command.actions:
            return self.commands(call)
        status: list[str] = []
        headers: list[tuple[str, str]] = []

        def start_response(line: str, fields: list[tuple[str, str]], exc_info: object = None) -> None:
            status[:], headers[:] = [line], fields

        try:
            with self.moto_lock:
                body = b"".join(self.application(self.environ(request, call), start_response))
            number = int(status[0].split()[0])
            detail = body[:200].decode("utf-8", "replace")
        except Exception as error:
            number, body = 500, b""
            place = traceback.extract_tb(error.__traceback__)[-1]
            detail = f"{type(error).__name__}: {error} (at {place.name} in {os.path.basename(place.filename)})"
        page = any(name.lower() == "content-type" and "html" in value for name, value in headers)
        if number >= 500 or (number == 404 and page):
            # 501 is not a status that SDKs try again, and the text shows in their error: a test fails loudly.
            self.recorder.not_emulated(entry, detail)
            return aws_error(call, 501, "NotEmulated", f"moto cannot do {call.name}: {detail}")
        return Reply(number, body, headers)

    def commands(self, call: Call) -> Reply:
        try:
            with self.moto_lock:
                body = self.run_command.actions[call.action](call.region, call.params)
        except Refusal as refusal:
            return aws_error(call, 400, *refusal.args)
        return Reply(200, json.dumps(body).encode(), [("Content-Type", "application/x-amz-json-1.1")])

    @staticmethod
    def environ(request: Request, call: Call) -> dict:
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": request.path.encode().decode("latin-1"),
            "QUERY_STRING": request.query,
            "REQUEST_URI": request.target,
            "RAW_URI": request.target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
        environ["CONTENT_LENGTH"] = str(len(request.body))
        for gone in ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_X_MOTO_ACCOUNT_ID"):
            environ.pop(gone, None)
        account = ACCOUNT_IN_KEY.fullmatch(call.access_key)
        if account:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = account[1]  # moto's own way to be told the account
        return environ

    def imds(self, request: Request) -> Reply:
        """Instance metadata, version 2 only: a token first, as on an instance that requires one."""
        if self.metadata is None:
            return Reply(404, b"", [("Content-Type", "text/plain")])
        about, token = self.metadata, "simian-metadata-token"
        plain = [("Content-Type", "text/plain")]
        if request.path == "/latest/api/token":
            ttl = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
            if request.method != "PUT" or not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
                return Reply(400, b"", plain)
            return Reply(200, token.encode(), [*plain, ("x-aws-ec2-metadata-token-ttl-seconds", ttl)])
        if request.headers.get("x-aws-ec2-metadata-token") != token:
            return Reply(401, b"", plain)
        document = {
            "accountId": about.account,
            "architecture": "x86_64",
            "availabilityZone": about.zone,
            "imageId": "ami-0123456789abcdef0",
            "instanceId": about.instance_id,
            "instanceType": SEED_TYPE,
            "pendingTime": CLOCK.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "privateIp": "10.0.0.10",
            "region": about.region,
            "version": "2017-09-30",
        }
        pages = {
            "/latest/dynamic/instance-identity/document": json.dumps(document, indent=2),
            "/latest/meta-data/instance-id": about.instance_id,
            "/latest/meta-data/placement/availability-zone": about.zone,
            "/latest/meta-data/placement/region": about.region,
        }
        found = pages.get(request.path) if request.method == "GET" else None
        return Reply(200, found.encode(), plain) if found else Reply(404, b"", plain)


class Handler(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 with connections kept alive: moto's own server closes after every answer, and a big survey
    would then measure TCP."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    emulator: Emulator

    def log_message(self, *_: object) -> None:
        """Quiet: GET /simian/calls has the log."""

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
                if len(body) > BODY_LIMIT:
                    raise ValueError("body too large")
            while self.rfile.readline().strip():  # trailers
                pass
            return body
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= BODY_LIMIT:
            raise ValueError("body too large")
        return self.rfile.read(length)

    def serve(self) -> None:
        try:
            body = self.read_body()
        except ValueError:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.emulator.answer(Request(self.command, self.path, headers, body))
        except Exception:
            traceback.print_exc()
            reply = Reply(500, b"the launcher itself failed; see its stderr")
        if reply is None:
            self.close_connection = True
            return
        head = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Unknown')}"]
        ours = ("date", "content-length", "connection", "transfer-encoding")
        head += [f"{name}: {value}" for name, value in reply.headers if name.lower() not in ours]
        head += [f"Date: {CLOCK.http_date()}", f"Content-Length: {len(reply.body)}", "", ""]
        content = b"" if self.command == "HEAD" else reply.body
        if reply.cut:
            content = content[: len(content) // 2]
            self.close_connection = True
        # One write, so that head and body share a packet.
        self.wfile.write("\r\n".join(head).encode("latin-1", "replace") + content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a survey of many regions connects at once

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up first is part of the tests, not news."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            traceback.print_exc()


def main() -> None:
    parser = argparse.ArgumentParser(description="An AWS account on a loopback port, for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--stay", action="store_true", help="do not exit when stdin reaches EOF")
    options = parser.parse_args()
    stdout, sys.stdout = sys.stdout, sys.stderr  # moto prints; our stdout is for the one line
    install_patches()
    Handler.emulator = Emulator()
    server = Server(("127.0.0.1", options.port), Handler)
    if not options.stay:

        def leave_with_parent() -> None:
            while sys.stdin.buffer.read(4096):
                pass
            os._exit(0)

        threading.Thread(target=leave_with_parent, daemon=True).start()
    print(f"ready {server.server_port}", file=stdout, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
