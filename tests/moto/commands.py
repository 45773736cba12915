"""Run Command of Systems Manager, which moto runs in no instance: managed nodes, and commands that a test answers.

A command waits in its instance until the test's agent takes it, runs until the agent answers it, and times out by the
account's clock. `launcher.py` routes the calls and the control calls here; README.md is the manual.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

DOCUMENT = "AWS-RunShellScript"
PARAMETERS = ("commands", "executionTimeout", "workingDirectory")
# Bounds: botocore's model of SSM. The document's size: its API reference, MaxDocumentSizeExceeded.
NODES_PAGE_LIMIT = 50
COMMANDS_PAGE_LIMIT = 50
TIMEOUT_LIMITS = (30, 2_592_000)
COMMENT_LIMIT = 100
SIZE_LIMIT = 64 << 10
OUTPUT_LIMIT = 24_000
ERROR_LIMIT = 8_000
PINGS = ("Online", "ConnectionLost", "Inactive")
PLATFORMS = ("Linux", "Windows", "MacOS")
STATUSES = ("Success", "Failed", "TimedOut", "Cancelled")


class Refusal(Exception):
    """SSM says no: a code and a message, with status 400."""


class BadOrder(Exception):
    """A control call that makes no sense."""


@dataclasses.dataclass
class Node:
    """A managed node, the same in every region."""

    ping: str = "Online"
    platform: str = "Linux"

    @classmethod
    def of(cls, told: object) -> Node:
        try:
            node = cls(ping=told) if isinstance(told, str) else cls(**told)
        except TypeError as error:
            raise BadOrder("a node is its ping status, or an object of ping and platform") from error
        if node.ping not in PINGS or node.platform not in PLATFORMS:
            raise BadOrder(f"ping is one of {', '.join(PINGS)}, platform one of {', '.join(PLATFORMS)}")
        return node


@dataclasses.dataclass
class Command:
    """One command in one instance."""

    id: str
    region: str
    instance: str
    comment: str
    script: str
    requested: datetime
    delivery: timedelta  # how long it may wait for the agent
    execution: timedelta  # how long it may run
    started: datetime | None = None
    status: str = "Pending"
    details: str = "Pending"
    code: int = -1
    stdout: str = ""
    stderr: str = ""

    def settle(self, now: datetime) -> None:
        if self.status == "Pending" and now >= self.requested + self.delivery:
            self.status, self.details = "TimedOut", "DeliveryTimedOut"
        elif self.status == "InProgress" and now >= self.started + self.execution:
            self.status, self.details = "TimedOut", "ExecutionTimedOut"


class RunCommand:
    """All nodes and commands of this process. The caller holds a lock."""

    def __init__(self, now: Callable, page_token: Callable, read_token: Callable) -> None:
        self.now, self.page_token, self.read_token = now, page_token, read_token
        self.actions = {
            "DescribeInstanceInformation": self.describe_nodes,
            "SendCommand": self.send,
            "ListCommands": self.list,
            "GetCommandInvocation": self.invocation,
        }
        self.reset()

    def reset(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.commands: list[Command] = []

    # What SSM answers.

    def describe_nodes(self, region: str, params: dict) -> dict:
        wanted = sorted(self.nodes)
        for each in params.get("Filters", []):
            if each["Key"] != "InstanceIds":
                raise Refusal("InvalidFilterKey", f"{each['Key']} is not emulated")
            strangers = [name for name in each["Values"] if name not in self.nodes]
            # "If you specify a node ID that isn't valid or a node that you don't own, you receive an error."
            if strangers:
                raise Refusal("InvalidInstanceId", f"{strangers[0]} is no managed node")
            wanted = sorted(set(wanted) & set(each["Values"]))
        page, more = self.page("nodes", wanted, params, 5, NODES_PAGE_LIMIT, 10)
        shown = [
            {"InstanceId": name, "PingStatus": self.nodes[name].ping, "PlatformType": self.nodes[name].platform}
            for name in page
        ]
        return {"InstanceInformationList": shown} | more

    def send(self, region: str, params: dict) -> dict:
        instances, parameters = params.get("InstanceIds", []), params.get("Parameters", {})
        if params.get("Targets") or not instances:
            raise Refusal("ValidationException", "only InstanceIds are emulated")
        if params.get("DocumentName") != DOCUMENT:
            raise Refusal("InvalidDocument", "Document with that name does not exist")
        strangers = [name for name in instances if name not in self.nodes]
        if strangers:
            raise Refusal("InvalidInstanceId", f"Instances [{strangers}] not in a valid state for account")
        if set(parameters) - set(PARAMETERS) or not parameters.get("commands"):
            raise Refusal("InvalidParameters", f"{DOCUMENT} takes {', '.join(PARAMETERS)}")
        timeout, comment = params.get("TimeoutSeconds", 3600), params.get("Comment", "")
        if not TIMEOUT_LIMITS[0] <= timeout <= TIMEOUT_LIMITS[1] or len(comment) > COMMENT_LIMIT:
            raise Refusal("ValidationException", f"a timeout of {timeout}, a comment of {len(comment)} characters")
        if len(json.dumps(parameters)) > SIZE_LIMIT:
            raise Refusal("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
        execution = timedelta(seconds=int(parameters.get("executionTimeout", ["3600"])[0]))
        # The agent writes each command on a line of one file.
        script = "".join(f"{line}\n" for line in parameters["commands"])
        sent = [
            Command(name, region, instance, comment, script, self.now(), timedelta(seconds=timeout), execution)
            for name in [str(uuid.uuid4())]
            for instance in instances
        ]
        self.commands += sent
        return {"Command": self.shown(sent[0])}

    def list(self, region: str, params: dict) -> dict:
        found = [command for command in reversed(self.commands) if command.region == region]
        if "InstanceId" in params:
            found = [command for command in found if command.instance == params["InstanceId"]]
        if "CommandId" in params:
            found = [command for command in found if command.id == params["CommandId"]]
        for each in params.get("Filters", []):
            if each["key"] != "InvokedAfter":
                raise Refusal("InvalidFilterKey", f"{each['key']} is not emulated")
            after = datetime.fromisoformat(each["value"].replace("Z", "+00:00"))
            found = [command for command in found if command.requested >= after]
        page, more = self.page("commands", found, params, 1, COMMANDS_PAGE_LIMIT, COMMANDS_PAGE_LIMIT)
        return {"Commands": [self.shown(command) for command in page]} | more

    def invocation(self, region: str, params: dict) -> dict:
        wanted = params.get("CommandId"), params.get("InstanceId"), region
        found = [command for command in self.commands if (command.id, command.instance, command.region) == wanted]
        if not found:
            raise Refusal("InvocationDoesNotExist", "")
        command = found[0]
        command.settle(self.now())
        return {
            "CommandId": command.id,
            "InstanceId": command.instance,
            "Comment": command.comment,
            "DocumentName": DOCUMENT,
            "ResponseCode": command.code,
            "Status": command.status,
            "StatusDetails": command.details,
            "StandardOutputContent": command.stdout[:OUTPUT_LIMIT],
            "StandardErrorContent": command.stderr[:ERROR_LIMIT],
        }

    def shown(self, command: Command) -> dict:
        command.settle(self.now())
        return {
            "CommandId": command.id,
            "DocumentName": DOCUMENT,
            "Comment": command.comment,
            "InstanceIds": [command.instance],
            "RequestedDateTime": command.requested.timestamp(),
            "Status": command.status,
            "StatusDetails": command.details,
        }

    def page(self, kind: str, found: list, params: dict, least: int, most: int, unasked: int) -> tuple[list, dict]:
        size = params.get("MaxResults", unasked)
        if not least <= size <= most:
            raise Refusal("ValidationException", f"MaxResults must be between {least} and {most}")
        token = params.get("NextToken")
        start = self.read_token(kind, token) if token else "0"
        if start is None:
            raise Refusal("InvalidNextToken", "The specified token isn't valid.")
        end = int(start) + size
        return found[int(start) : end], {"NextToken": self.page_token(kind, str(end))} if end < len(found) else {}

    # What the test orders.

    def set_nodes(self, body: dict) -> dict:
        if set(body) != {"nodes"} or not isinstance(body["nodes"], dict):
            raise BadOrder("nodes takes nodes, what is known of each by its id; none removes them")
        self.nodes = {name: Node.of(told) for name, told in body["nodes"].items()}
        return {}

    def take(self, body: dict) -> dict:
        """The agent asks for work."""
        if set(body) - {"instance", "region"} or "instance" not in body:
            raise BadOrder("take takes instance, and region")
        region = body.get("region", "us-east-1")
        for command in self.commands:
            command.settle(self.now())
            if (command.instance, command.region, command.status) == (body["instance"], region, "Pending"):
                command.status = command.details = "InProgress"
                command.started = self.now()
                return {"command": {"id": command.id, "comment": command.comment, "script": command.script}}
        return {"command": None}

    def answer(self, body: dict) -> dict:
        """The agent is done. What came too late is not an error: SSM has given it up, and says so."""
        known = {"instance", "command", "status", "details", "code", "stdout", "stderr"}
        if set(body) - known or not {"instance", "command", "status"} <= set(body):
            raise BadOrder(f"answer takes {', '.join(sorted(known))}: the first two, and status, it must have")
        if body["status"] not in STATUSES:
            raise BadOrder(f"status is one of {', '.join(STATUSES)}")
        wanted = body["command"], body["instance"]
        found = [command for command in self.commands if (command.id, command.instance) == wanted]
        if not found:
            raise BadOrder(f"there is no command {wanted[0]} in {wanted[1]}")
        command = found[0]
        command.settle(self.now())
        if command.status in ("Pending", "InProgress"):
            command.status = body["status"]
            command.details = body.get("details", body["status"])
            command.code = body.get("code", {"Success": 0, "Failed": 1}.get(body["status"], -1))
            command.stdout, command.stderr = body.get("stdout", ""), body.get("stderr", "")
        return {"status": command.status, "details": command.details}
