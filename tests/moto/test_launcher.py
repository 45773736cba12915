"""Self-test of the launcher, over the wire, with the AWS SDK for Python as the client.

    python -m unittest -v test_launcher      (in this directory, with the venv's python)

The Rust tests lean on every behaviour that is checked here; a new moto is accepted when this passes.
"""

import http.client
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

LAUNCHER = pathlib.Path(__file__).with_name("launcher.py")
KEY = "AKIA123456789012TEST"
OTHER_KEY = "AKIA111122223333TEST"


def start() -> tuple[subprocess.Popen, int]:
    process = subprocess.Popen(
        [sys.executable, "-B", str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    word, port = process.stdout.readline().split()
    assert word == "ready", word
    return process, int(port)


def stop(process: subprocess.Popen) -> int:
    process.stdin.close()
    try:
        return process.wait(10)
    finally:
        process.stdout.close()


def setUpModule() -> None:
    global PROCESS, PORT
    PROCESS, PORT = start()


def tearDownModule() -> None:
    stop(PROCESS)


def control(method: str, path: str, body: object = None) -> dict:
    """A control call that must succeed."""
    status, answer = raw_control(method, path, body)
    assert status == 200, (status, answer)
    return answer


def raw_control(method: str, path: str, body: object = None) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/simian/{path}", data=data, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def client(service: str, region: str = "us-east-1", key: str = KEY, token: str | None = None, session=boto3, **config: object):
    return session.client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{PORT}",
        aws_access_key_id=key,
        aws_secret_access_key="not checked",
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def seed_group(name: str = "shop", count: int = 3, **more: object) -> list[str]:
    """One group; returns the ids of its members."""
    return control("POST", "seed", {"groups": [{"name": name, "count": count, **more}]})["members"][name]


def states() -> dict[str, str]:
    return {one["id"]: one["state"] for one in control("GET", "instances")["instances"]}


def group(name: str = "shop") -> dict:
    return next(one for one in control("GET", "groups")["groups"] if one["name"] == name)


class Case(unittest.TestCase):
    def setUp(self) -> None:
        control("POST", "reset")

    def refused(self, code: str, call, *args: object, **kwargs: object) -> ClientError:
        with self.assertRaises(ClientError) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception

    def nothing_unimplemented(self) -> None:
        self.assertEqual(control("GET", "calls")["unimplemented"], [])


class Calls(Case):
    def test_counts_by_action_region_and_key(self) -> None:
        client("ec2").describe_instances()
        client("ec2", "eu-west-1").describe_instances(MaxResults=5)
        client("sts", key=OTHER_KEY).get_caller_identity()
        client("ssm").describe_parameters()
        calls = control("GET", "calls")
        expected = {"ec2:DescribeInstances": 2, "ssm:DescribeParameters": 1, "sts:GetCallerIdentity": 1}
        self.assertEqual(calls["counts"], expected)
        scope = {"call": "ec2:DescribeInstances", "region": "eu-west-1", "access_key": KEY, "count": 1}
        self.assertIn(scope, calls["scopes"])
        self.assertEqual([one["number"] for one in calls["log"]], [1, 2, 3, 4])
        self.assertEqual(calls["log"][1]["params"], {"MaxResults": "5"})
        self.assertEqual(len(control("GET", "calls?call=sts:GetCallerIdentity")["log"]), 1)
        self.nothing_unimplemented()
        control("POST", "calls/reset")
        self.assertEqual(control("GET", "calls")["total"], 0)

    def test_what_moto_cannot_do_is_seen(self) -> None:
        error = self.refused("NotEmulated", client("autoscaling").describe_account_limits)
        self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 501)
        seen = control("GET", "calls")["unimplemented"]
        self.assertEqual([one["call"] for one in seen], ["autoscaling:DescribeAccountLimits"])

    def test_control_errors(self) -> None:
        self.assertEqual(raw_control("GET", "nothing")[0], 404)
        self.assertEqual(raw_control("GET", "reset")[0], 404)
        wrong = (
            ("faults", {"rules": [{"kind": "nonsense"}]}),
            ("faults", {"rules": [{"kind": "error"}]}),
            ("faults", {"rules": [{"kind": "drop", "tmes": 2}]}),
            ("seed", {"gruops": []}),
            ("seed", {"region": "mars-1"}),
            ("clock", {"now": "soon"}),
            ("member", {"instance": "i-0123456789abcdef0"}),
            ("settings", {"healing": "never"}),
        )
        for path, body in wrong:
            with self.subTest(path=path, body=body):
                status, answer = raw_control("POST", path, body)
                self.assertEqual(status, 400)
                self.assertTrue(answer["error"])

    def test_one_connection_serves_many_calls(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        for _ in range(3):
            connection.request("GET", "/simian/clock")
            reply = connection.getresponse()
            reply.read()
            self.assertFalse(reply.will_close)
        connection.close()

    def test_ends_with_its_parent(self) -> None:
        process, _ = start()
        self.assertEqual(stop(process), 0)


class Time(Case):
    def date(self) -> str:
        return client("ec2").describe_instances()["ResponseMetadata"]["HTTPHeaders"]["date"]

    def test_clock(self) -> None:
        control("POST", "clock", {"now": "2026-11-23T10:00:00-08:00"})
        self.assertEqual(self.date(), "Mon, 23 Nov 2026 18:00:00 GMT")
        seed_group()
        self.assertEqual(group()["created"], "2026-11-23T18:00:00Z")
        launched = {one["launched"] for one in control("GET", "instances")["instances"]}
        self.assertEqual(launched, {"2026-11-23T18:00:00Z"})
        control("POST", "clock", {"offset_seconds": -3600})
        self.assertAlmostEqual(parsedate_to_datetime(self.date()).timestamp(), time.time() - 3600, delta=5)
        control("POST", "clock", {"now": None})
        self.assertAlmostEqual(parsedate_to_datetime(self.date()).timestamp(), time.time(), delta=5)


class Accounts(Case):
    def who(self, **kwargs: object) -> str:
        return client("sts", **kwargs).get_caller_identity()["Account"]

    def test_account_by_access_key(self) -> None:
        self.assertEqual(self.who(key="AKIAIOSFODNN7EXAMPLE"), "123456789012")
        self.assertEqual(self.who(key=OTHER_KEY), "111122223333")
        role = client("sts").assume_role(RoleArn="arn:aws:iam::444455556666:role/simian", RoleSessionName="simian")
        given = role["Credentials"]
        key = {"key": given["AccessKeyId"], "token": given["SessionToken"]}
        self.assertEqual(self.who(**key), "444455556666")
        control("POST", "seed", {"account": "444455556666", "groups": [{"name": "theirs"}]})
        names = [one["AutoScalingGroupName"] for one in self.groups(**key)]
        self.assertEqual(names, ["theirs"])
        self.assertEqual(self.groups(key=OTHER_KEY), [])

    def groups(self, **kwargs: object) -> list[dict]:
        return client("autoscaling", **kwargs).describe_auto_scaling_groups()["AutoScalingGroups"]


class Faults(Case):
    def rules(self, *rules: dict) -> None:
        control("POST", "faults", {"rules": list(rules)})

    def test_codes_in_the_shape_of_each_protocol(self) -> None:
        self.rules(
            {"kind": "throttle", "service": "ec2"},
            {"kind": "error", "service": "ec2", "code": "UnauthorizedOperation"},
            {"kind": "throttle", "service": "autoscaling"},
            {"kind": "error", "service": "sts", "code": "ExpiredToken"},
            {"kind": "error", "service": "sns", "code": "NotFound", "message": "Topic <does> not exist"},
            {"kind": "error", "service": "ssm", "code": "AccessDeniedException"},
        )
        answers = (
            ("RequestLimitExceeded", 503, client("ec2").describe_instances),
            ("UnauthorizedOperation", 403, client("ec2").describe_instances),
            ("Throttling", 400, client("autoscaling").describe_auto_scaling_groups),
            ("ExpiredToken", 403, client("sts").get_caller_identity),
            ("NotFound", 404, client("sns").list_topics),
            ("AccessDeniedException", 403, client("ssm").describe_parameters),
        )
        for code, status, call in answers:
            with self.subTest(code=code):
                error = self.refused(code, call).response
                self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], status)
                if code == "NotFound":
                    self.assertEqual(error["Error"]["Message"], "Topic <does> not exist")
        for _, _, call in answers:
            call()  # every rule is used up
        self.assertEqual([rule["remaining"] for rule in control("GET", "faults")["rules"]], [0] * 6)
        self.nothing_unimplemented()

    def test_before_has_no_effect_and_after_has(self) -> None:
        first, second, _ = seed_group()
        ec2 = client("ec2")
        rule = {"kind": "error", "service": "ec2", "action": "TerminateInstances", "code": "InternalError"}
        self.rules(rule, rule | {"when": "after"})
        self.refused("InternalError", ec2.terminate_instances, InstanceIds=[first])
        self.assertEqual(states()[first], "running")
        self.refused("InternalError", ec2.terminate_instances, InstanceIds=[second])
        self.assertEqual(states()[second], "terminated")
        log = control("GET", "calls")["log"]
        self.assertEqual([one["executed"] for one in log], [False, True])
        self.assertEqual([one["error"] for one in log], ["InternalError", "InternalError"])

    def test_drop_delay_and_broken_answers(self) -> None:
        first, *_ = seed_group()
        ec2 = client("ec2", read_timeout=1)
        self.rules({"kind": "drop", "action": "TerminateInstances", "when": "after"})
        with self.assertRaises(ConnectionClosedError):
            ec2.terminate_instances(InstanceIds=[first])
        self.assertEqual(states()[first], "terminated")
        self.rules({"kind": "delay", "seconds": 2})
        with self.assertRaises(ReadTimeoutError):
            ec2.describe_instances()
        self.rules({"kind": "malformed"}, {"kind": "truncate", "when": "after"})
        for _ in range(2):
            with self.assertRaises(ResponseParserError):
                ec2.describe_instances()
        ec2.describe_instances()

    def test_a_truncated_answer_is_short_of_its_promised_length(self) -> None:
        self.rules({"kind": "truncate", "when": "after"})
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}/", data=body)
        scope = f"{KEY}/20261123/us-east-1/sts/aws4_request"
        request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0")
        with urllib.request.urlopen(request) as reply, self.assertRaises(http.client.IncompleteRead):
            reply.read()

    def test_match_region_skip_and_times(self) -> None:
        ids = seed_group()
        ec2 = client("ec2")
        rule = {"kind": "error", "service": "ec2", "code": "Unavailable"}
        self.rules(rule | {"match": {r"InstanceId.1": f"^{ids[1]}$"}, "times": -1})
        ec2.describe_instances(InstanceIds=ids[:1])
        for _ in range(3):
            self.refused("Unavailable", ec2.describe_instances, InstanceIds=ids[1:2])
        self.assertEqual(control("GET", "faults")["rules"][0]["hits"], 3)
        self.rules(rule | {"region": "eu-west-1", "skip": 1, "times": 2})
        abroad = client("ec2", "eu-west-1")
        ec2.describe_instances()
        abroad.describe_instances()
        for _ in range(2):
            self.refused("Unavailable", abroad.describe_instances)
        abroad.describe_instances()


class Throttling(Case):
    def calls(self, number: int, region: str = "us-east-1", **parameters: object) -> str:
        """That many calls; what came of them."""
        ec2 = client("ec2", region)
        said = ""
        for _ in range(number):
            try:
                ec2.describe_instances(MaxResults=5, **parameters)
                said += "."
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "RequestLimitExceeded")
                self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 503)
                said += "x"
        return said

    def test_a_bucket_empties_and_refills(self) -> None:
        control("POST", "clock", {"now": "2026-11-23T12:00:00Z"})
        bucket = {"service": "ec2", "action": "Describe*", "holds": 3, "per_second": 0.5}
        control("POST", "buckets", {"buckets": [bucket]})
        self.assertEqual(self.calls(5), "...xx")
        self.assertEqual(self.calls(1, "eu-west-1"), ".", "every region has its own")
        client("ec2").describe_volumes()  # and every action
        control("POST", "clock", {"now": "2026-11-23T12:00:02Z"})
        self.assertEqual(self.calls(3), ".xx", "who is throttled takes nothing")
        control("POST", "clock", {"now": "2026-11-23T13:00:00Z"})
        self.assertEqual(self.calls(5), "...xx", "it holds no more than it holds")
        throttled = [call for call in control("GET", "calls")["log"] if call["fault"] == "bucket"]
        self.assertEqual(len(throttled), 6)
        self.assertTrue(all(not call["executed"] for call in throttled))
        control("POST", "buckets", {"buckets": []})
        self.assertEqual(self.calls(5), ".....")

    def test_instances_have_a_bucket_of_their_own(self) -> None:
        ids = seed_group(count=6)
        control("POST", "clock", {"now": "2026-11-23T12:00:00Z"})
        action = {"service": "ec2", "action": "TerminateInstances"}
        both = [{**action, "holds": 5}, {**action, "holds": 4, "per_second": 1, "counts": "instances"}]
        control("POST", "buckets", {"buckets": both})
        ec2 = client("ec2")
        ec2.terminate_instances(InstanceIds=ids[:3])
        self.refused("RequestLimitExceeded", ec2.terminate_instances, InstanceIds=ids[3:5])
        ec2.terminate_instances(InstanceIds=ids[3:4])
        self.assertEqual([states()[i] for i in ids[3:]], ["terminated", "running", "running"])
        control("POST", "clock", {"now": "2026-11-23T12:00:02Z"})
        ec2.terminate_instances(InstanceIds=ids[4:])

    def test_what_ec2_documents(self) -> None:
        control("POST", "clock", {"now": "2026-11-23T12:00:00Z"})
        control("POST", "buckets", {"documented": True})
        self.assertEqual(self.calls(102), "." * 100 + "xx")
        client("autoscaling").describe_auto_scaling_groups()
        instance = seed_group(count=1)
        ec2 = client("ec2")
        for _ in range(50):
            ec2.reboot_instances(InstanceIds=instance)
        self.refused("RequestLimitExceeded", ec2.reboot_instances, InstanceIds=instance)

    def test_experiments(self) -> None:
        seeded = control("POST", "seed", {"groups": [{"name": "shop", "count": 3}]})
        first, second, third = seeded["members"]["shop"]
        control("POST", "member", {"instance": second, "spot": True})
        lifecycles = {
            one["InstanceId"]: one.get("InstanceLifecycle")
            for reservation in client("ec2").describe_instances()["Reservations"]
            for one in reservation["Instances"]
        }
        self.assertEqual(lifecycles, {first: None, second: "spot", third: None})
        fis = client("fis")

        def begin(token: str, action: str, who: str, kind: str, role: str, **more: object) -> str:
            template = fis.create_experiment_template(
                clientToken=token,
                description="a test",
                roleArn="arn:aws:iam::123456789012:role/simian-fis",
                stopConditions=[{"source": "none"}],
                targets={
                    "them": {
                        "resourceType": kind,
                        "resourceArns": [f"arn:aws:ec2:us-east-1:123456789012:instance/{who}"],
                        "selectionMode": "ALL",
                    }
                },
                actions={"it": {"actionId": action, "targets": {role: "them"}, **more}},
            )["experimentTemplate"]["id"]
            started = fis.start_experiment(clientToken=token, experimentTemplateId=template)["experiment"]["id"]
            fis.delete_experiment_template(id=template)
            return started

        def states(experiment: str) -> list:
            return [fis.get_experiment(id=experiment)["experiment"]["state"]["status"] for _ in range(3)]

        notice = "aws:ec2:send-spot-instance-interruptions"
        spot = {"kind": "aws:ec2:spot-instance", "role": "SpotInstances", "parameters": {"durationBeforeInterruption": "PT2M"}}
        ended = begin("a", "aws:ec2:terminate-instances", first, "aws:ec2:instance", "Instances")
        self.assertEqual(states(ended), ["initiating", "running", "completed"])
        self.assertEqual(states(begin("b", notice, second, **spot)), ["initiating", "running", "completed"])
        self.assertEqual(states(begin("c", notice, third, **spot))[1:], ["failed", "failed"])
        stopped = begin("d", "aws:ec2:terminate-instances", third, "aws:ec2:instance", "Instances")
        fis.stop_experiment(id=stopped)
        self.assertEqual(set(states(stopped)), {"stopped"})
        left = [one for one in control("GET", "instances")["instances"] if one["state"] == "running"]
        self.assertEqual([one["id"] for one in left], [third])
        with self.assertRaises(ClientError):
            begin("e", "aws:ec2:stop-instances", third, "aws:ec2:instance", "Instances")
        counts = control("GET", "calls")["counts"]
        self.assertEqual(counts["fis:StartExperiment"], 4)
        self.assertEqual((counts["fis:CreateExperimentTemplate"], counts["fis:StopExperiment"]), (5, 1))
        self.nothing_unimplemented()

    def test_orders_that_make_no_sense(self) -> None:
        for body in ({}, {"buckets": 1}, {"documented": False}, {"buckets": [{"holds": -1}]}):
            self.assertEqual(raw_control("POST", "buckets", body)[0], 400, body)
        self.assertEqual(raw_control("POST", "buckets", {"buckets": [{"counts": "bytes"}]})[0], 400)
        self.assertEqual(control("GET", "buckets"), {"buckets": []})


class Calendars(Case):
    ARN = "arn:aws:ssm:us-east-1:123456789012:document/freeze"
    SALES = "arn:aws:ssm:us-east-1:123456789012:document/sales"

    def test_open_closed_and_unknown(self) -> None:
        ssm = client("ssm")
        self.refused("InvalidDocument", ssm.get_calendar_state, CalendarNames=[self.ARN])
        closed = {"arn": self.ARN, "open": False, "until": "2027-01-03T00:00:00Z"}
        control("POST", "calendars", {"calendars": [closed, {"arn": self.SALES}]})
        answer = ssm.get_calendar_state(CalendarNames=[self.ARN])
        self.assertEqual((answer["State"], answer["NextTransitionTime"]), ("CLOSED", "2027-01-03T00:00:00Z"))
        answer = ssm.get_calendar_state(CalendarNames=[self.SALES])
        self.assertEqual((answer["State"], "NextTransitionTime" in answer), ("OPEN", False))
        self.assertEqual(ssm.get_calendar_state(CalendarNames=[self.SALES, self.ARN])["State"], "CLOSED")
        elsewhere = client("ssm", "eu-west-1")
        self.refused("InvalidDocument", elsewhere.get_calendar_state, CalendarNames=[self.ARN])
        for body in ({}, {"calendars": {}}, {"calendars": [{}]}, {"calendars": [{"arn": "a", "until": "soon"}]}):
            self.assertEqual(raw_control("POST", "calendars", body)[0], 400, body)
        self.nothing_unimplemented()


def watch():
    """A client of CloudWatch that speaks CBOR, as the SDK for Rust does; this one would rather speak JSON."""
    session = boto3.session.Session()
    model = session._session.get_component("data_loader").load_service_model("cloudwatch", "service-2")
    model["metadata"]["protocols"] = ["smithy-rpc-v2-cbor"]
    return client("cloudwatch", session=session)


class Stops(Case):
    def states(self, **wanted: object) -> dict[str, str]:
        every = ["MetricAlarm", "CompositeAlarm", "LogAlarm"]
        answer = watch().describe_alarms(**{"AlarmTypes": every, **wanted})
        alarms = [*answer["MetricAlarms"], *answer["CompositeAlarms"], *answer.get("LogAlarms", [])]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}

    def test_alarms_of_every_kind_in_their_region(self) -> None:
        first = {"name": "5xx", "state": "ALARM"}
        both = {"name": "both", "kind": "composite"}
        theirs = {"name": "theirs", "region": "eu-west-1"}
        control("POST", "alarms", {"alarms": [first, both, theirs, {"name": "words", "kind": "log"}]})
        self.assertEqual(self.states(), {"5xx": "ALARM", "both": "OK", "words": "OK"})
        self.assertEqual(self.states(AlarmNames=["both", "gone", "theirs"]), {"both": "OK"})
        # Only those of metrics, unless asked.
        answer = watch().describe_alarms()
        self.assertEqual([alarm["AlarmName"] for alarm in answer["MetricAlarms"]], ["5xx"])
        calls = control("GET", "calls")
        self.assertEqual(calls["counts"], {"cloudwatch:DescribeAlarms": 3})
        self.assertEqual(calls["log"][1]["params"]["AlarmNames"], ["both", "gone", "theirs"])
        self.nothing_unimplemented()

    def test_an_alarm_that_goes_off_later(self) -> None:
        control("POST", "alarms", {"alarms": [{"name": "5xx", "state": ["OK", "OK", "ALARM"]}]})
        self.assertEqual([self.states()["5xx"] for _ in range(4)], ["OK", "OK", "ALARM", "ALARM"])

    def test_pages_of_alarms(self) -> None:
        control("POST", "alarms", {"alarms": [{"name": f"a{number:03d}"} for number in range(130)]})
        cloudwatch, sizes, token = watch(), [], {}
        while token is not None:
            page = cloudwatch.describe_alarms(MaxRecords=100, **token)
            sizes.append(len(page["MetricAlarms"]))
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        self.assertEqual(sizes, [100, 30])
        self.refused("InvalidNextToken", cloudwatch.describe_alarms, NextToken="never given")
        self.refused("ValidationError", cloudwatch.describe_alarms, AlarmNames=[f"a{n}" for n in range(101)])
        self.nothing_unimplemented()

    def test_faults_in_cbor(self) -> None:
        rule = {"kind": "error", "service": "cloudwatch", "action": "DescribeAlarms", "code": "AccessDenied"}
        control("POST", "faults", {"rules": [rule, {"kind": "throttle", "service": "cloudwatch"}]})
        self.refused("AccessDenied", self.states)
        self.refused("Throttling", self.states)
        self.assertEqual([one["error"] for one in control("GET", "calls")["log"]], ["AccessDenied", "Throttling"])

    def test_the_safety_lever(self) -> None:
        fis = client("fis")
        self.assertEqual(fis.get_safety_lever(id="default")["safetyLever"]["state"]["status"], "disengaged")
        control("POST", "lever", {"status": "engaged", "reason": "sale"})
        self.assertEqual(fis.get_safety_lever(id="default")["safetyLever"]["state"]["reason"], "sale")
        self.refused("ResourceNotFoundException", fis.get_safety_lever, id="other")
        rule = {"kind": "error", "service": "fis", "action": "GetSafetyLever", "code": "AccessDeniedException"}
        control("POST", "faults", {"rules": [rule]})
        self.refused("AccessDeniedException", fis.get_safety_lever, id="default")
        self.assertEqual(control("GET", "calls")["counts"], {"fis:GetSafetyLever": 4})
        self.nothing_unimplemented()

    def test_orders_that_make_no_sense(self) -> None:
        for path, body in (
            ("alarms", {}),
            ("alarms", {"alarms": [{}]}),
            ("alarms", {"alarms": [{"name": "a", "kind": "smoke"}]}),
            ("alarms", {"alarms": [{"name": "a", "state": []}]}),
            ("lever", {"pulled": True}),
            ("launches", {"template": False}),
        ):
            self.assertEqual(raw_control("POST", path, body)[0], 400, (path, body))


class Detail(Case):
    def test_activities_run_first_then_come_the_newest(self) -> None:
        seed_group()
        scaling = client("autoscaling")
        for hour, status in ((9, "Successful"), (10, "InProgress"), (11, "Failed")):
            control("POST", "clock", {"now": f"2026-11-23T{hour:02d}:00:00Z"})
            control("POST", "group", {"name": "shop", "activity": status, "message": "no capacity"})
        seen = scaling.describe_scaling_activities(AutoScalingGroupName="shop")["Activities"]
        self.assertEqual([one["StatusCode"] for one in seen], ["InProgress", "Failed", "Successful"])
        self.assertEqual((seen[1]["StatusMessage"], "EndTime" in seen[0]), ("no capacity", False))
        since = [{"Name": "StartTimeLowerBound", "Values": ["2026-11-23T11:30:00+01:00"]}]
        found = scaling.describe_scaling_activities(AutoScalingGroupName="shop", Filters=since)["Activities"]
        self.assertEqual([one["StatusCode"] for one in found], ["Failed"])
        page = scaling.describe_scaling_activities(AutoScalingGroupName="shop", MaxRecords=2)
        more = scaling.describe_scaling_activities(AutoScalingGroupName="shop", NextToken=page["NextToken"])
        self.assertEqual((len(page["Activities"]), len(more["Activities"])), (2, 1))
        control("POST", "group", {"name": "shop", "activity": ""})
        self.assertEqual(scaling.describe_scaling_activities(AutoScalingGroupName="shop")["Activities"], [])
        self.nothing_unimplemented()

    def test_target_health(self) -> None:
        order = {"groups": [{"name": "shop", "count": 2, "balanced": True}]}
        seeded = control("POST", "seed", order)
        arn, (first, second) = seeded["target_groups"]["shop"], seeded["members"]["shop"]
        described = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.assertEqual(described["TargetGroupARNs"], [arn])

        def health() -> dict[str, str]:
            answer = client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in answer}

        self.assertEqual(health(), {first: "healthy", second: "healthy"})
        control("POST", "member", {"instance": first, "target": "unhealthy"})
        self.assertEqual(health(), {first: "unhealthy", second: "healthy"})
        control("POST", "member", {"instance": first, "target": ""})
        self.assertEqual(health(), {first: "healthy", second: "healthy"})
        client("ec2").terminate_instances(InstanceIds=[first])
        self.assertEqual(health(), {second: "healthy"})
        launched = control("POST", "heal", {})["healed"][0]["launched"]
        self.assertEqual(health(), {second: "healthy", launched[0]: "healthy"})
        self.nothing_unimplemented()

    def test_what_groups_launch_from(self) -> None:
        seed_group(subnets=True)
        scaling, ec2 = client("autoscaling"), client("ec2")
        shop = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        template = shop["LaunchTemplate"]
        asked = {"LaunchTemplateId": template["LaunchTemplateId"], "Versions": [template["Version"]]}

        def image() -> str:
            versions = ec2.describe_launch_template_versions(**asked)["LaunchTemplateVersions"]
            return versions[0]["LaunchTemplateData"]["ImageId"]

        def state() -> str:
            return ec2.describe_images(Filters=[{"Name": "image-id", "Values": [image()]}], IncludeDisabled=True)["Images"][0]["State"]

        self.assertEqual(state(), "available")
        control("POST", "launches", {"image": "disabled"})
        self.assertEqual(state(), "disabled")
        control("POST", "launches", {"image": "available", "template": False})
        self.refused("InvalidLaunchTemplateId.NotFound", image)
        control("POST", "launches", {"template": True})
        self.assertEqual(state(), "available")
        asked["Versions"] = ["7"]
        self.refused("InvalidLaunchTemplateId.VersionNotFound", image)

        ids = shop["VPCZoneIdentifier"].split(",")

        def free() -> set[int]:
            return {one["AvailableIpAddressCount"] for one in ec2.describe_subnets(SubnetIds=ids)["Subnets"]}

        self.assertEqual((len(ids), min(free()) > 4000), (3, True))
        control("POST", "group", {"name": "shop", "addresses": 0})
        self.assertEqual(free(), {0})
        control("POST", "group", {"name": "shop", "addresses": -1})
        self.assertTrue(min(free()) > 4000)
        self.nothing_unimplemented()


class Groups(Case):
    def names(self, *filters: tuple[str, list[str]]) -> list[str]:
        wanted = [{"Name": name, "Values": values} for name, values in filters]
        found = client("autoscaling").describe_auto_scaling_groups(Filters=wanted)["AutoScalingGroups"]
        return [one["AutoScalingGroupName"] for one in found]

    def test_pages(self) -> None:
        control("POST", "seed", {"bulk": {"prefix": "g", "count": 230, "instances_each": [1, 0]}})
        scaling, seen, token = client("autoscaling"), [], {}
        sizes = []
        while True:
            page = scaling.describe_auto_scaling_groups(MaxRecords=100, **token)
            sizes.append(len(page["AutoScalingGroups"]))
            seen += [one["AutoScalingGroupName"] for one in page["AutoScalingGroups"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
            # The group that the token stands on goes away between two pages.
            control("POST", "group", {"name": seen[-1], "delete": True})
        self.assertEqual(sizes, [100, 100, 30])
        self.assertEqual(seen, [f"g-{number:04d}" for number in range(230)])
        self.assertEqual(len(scaling.describe_auto_scaling_groups()["AutoScalingGroups"]), 50)
        self.refused("InvalidNextToken", scaling.describe_auto_scaling_groups, NextToken="never given")
        self.refused("ValidationError", scaling.describe_auto_scaling_groups, MaxRecords=101)
        self.nothing_unimplemented()

    def test_filters(self) -> None:
        control(
            "POST",
            "seed",
            {
                "groups": [
                    {"name": "a", "tags": {"simian:chaos": "on", "team": "red"}},
                    {"name": "b", "tags": {"simian:chaos": "off", "team": "on"}},
                    {"name": "c", "tags": {"simian:latency": "on"}},
                    {"name": "d", "tags": {"simian:chaos": "On"}},
                    {"name": "e"},
                ]
            },
        )
        self.assertEqual(self.names(("tag-key", ["simian:chaos"])), ["a", "b", "d"])
        self.assertEqual(self.names(("tag-key", ["simian:chaos", "simian:latency"])), ["a", "b", "c", "d"])
        self.assertEqual(self.names(("tag-value", ["on"])), ["a", "b", "c"])
        self.assertEqual(self.names(("tag-key", ["simian:chaos"]), ("tag-value", ["on"])), ["a", "b"])
        self.assertEqual(self.names(("tag:simian:chaos", ["on", "off"])), ["a", "b"])
        self.assertEqual(self.names(("tag:simian:chaos", ["on"]), ("tag:team", ["red", "blue"])), ["a"])
        self.assertEqual(self.names(), ["a", "b", "c", "d", "e"])
        self.refused("ValidationError", self.names, ("name", ["a"]))

    def test_terminate_in_group(self) -> None:
        first, second = seed_group(count=2)
        scaling = client("autoscaling")
        call = scaling.terminate_instance_in_auto_scaling_group
        unknown = "i-0123456789abcdef0"
        self.refused("ValidationError", call, InstanceId=unknown, ShouldDecrementDesiredCapacity=False)
        self.refused("ValidationError", call, InstanceId=first, ShouldDecrementDesiredCapacity=True)
        call(InstanceId=first, ShouldDecrementDesiredCapacity=False)
        self.assertEqual(states(), {first: "terminated", second: "running"})
        control("POST", "group", {"name": "shop", "min": 0})
        call(InstanceId=second, ShouldDecrementDesiredCapacity=True)
        self.assertEqual(group()["desired"], 1)
        self.assertEqual(len(control("POST", "heal", {})["healed"][0]["launched"]), 1)
        tag = {"ResourceId": "none", "ResourceType": "auto-scaling-group", "Key": "k", "Value": "v"}
        self.refused("ValidationError", scaling.create_or_update_tags, Tags=[tag | {"PropagateAtLaunch": False}])
        self.nothing_unimplemented()

    def test_created_once_and_spread_over_zones(self) -> None:
        seed_group(count=6)
        zones = [member["zone"] for member in group()["members"]]
        self.assertEqual(sorted(zones), ["us-east-1a"] * 2 + ["us-east-1b"] * 2 + ["us-east-1c"] * 2)
        template = client("ec2").describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
        again = {
            "AutoScalingGroupName": "shop",
            "MinSize": 0,
            "MaxSize": 1,
            "AvailabilityZones": ["us-east-1a"],
            "LaunchTemplate": {"LaunchTemplateId": template},
        }
        self.refused("AlreadyExists", client("autoscaling").create_auto_scaling_group, **again)

    def test_knobs(self) -> None:
        first, second, third = seed_group(tags={"simian:chaos": "on"})
        control("POST", "member", {"instance": first, "health": "Unhealthy"})
        control("POST", "member", {"instance": second, "lifecycle": "Standby", "protected": True})
        shown = control("POST", "member", {"instance": third, "launched": "2026-01-02T03:04:05Z", "tags": {"a": "b"}})
        self.assertEqual((shown["launched"], shown["tags"]["a"]), ("2026-01-02T03:04:05Z", "b"))
        change = {"desired": 1, "tags": {"simian:chaos": None, "owner": "x"}, "refresh": "InProgress"}
        control("POST", "group", {"name": "shop", "suspended": ["Launch"], "activity": "InProgress", **change})
        scaling = client("autoscaling")
        found = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.assertEqual([one["HealthStatus"] for one in found["Instances"]], ["Unhealthy", "Healthy", "Healthy"])
        self.assertEqual([one["LifecycleState"] for one in found["Instances"]], ["InService", "Standby", "InService"])
        self.assertEqual([one["ProtectedFromScaleIn"] for one in found["Instances"]], [False, True, False])
        self.assertEqual(found["DesiredCapacity"], 1)
        self.assertEqual([(one["Key"], one["Value"]) for one in found["Tags"]], [("owner", "x")])
        self.assertEqual(found["SuspendedProcesses"][0]["ProcessName"], "Launch")
        refreshes = scaling.describe_instance_refreshes(AutoScalingGroupName="shop")["InstanceRefreshes"]
        self.assertEqual([one["Status"] for one in refreshes], ["InProgress"])
        activities = scaling.describe_scaling_activities(AutoScalingGroupName="shop")["Activities"]
        self.assertEqual([one["StatusCode"] for one in activities], ["InProgress"])
        healed = control("POST", "heal", {})["healed"]
        self.assertEqual(healed, [{"group": "shop", "removed": [first], "launched": []}])

    def test_a_big_fleet(self) -> None:
        tags = {"simian:chaos": "on"}
        bulk = {"prefix": "fleet", "count": 300, "instances_each": [2, 3, 4, 5], "tags": tags}
        made = control("POST", "seed", {"bulk": bulk, "loose": 2, "launched": "2026-01-01T00:00:00Z"})
        self.assertEqual((made["groups"], made["instances"], len(made["loose"])), (300, 1052, 2))
        ec2, token, total = client("ec2"), {}, 0
        while True:
            page = ec2.describe_instances(MaxResults=500, **token)
            size = sum(len(one["Instances"]) for one in page["Reservations"])
            self.assertLessEqual(size, 500)
            total += size
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        self.assertEqual(total, 1052)
        self.refused("InvalidNextToken", ec2.describe_instances, NextToken="never given")
        self.nothing_unimplemented()


class Ending(Case):
    def test_one_unknown_id_spares_all(self) -> None:
        ids = seed_group()
        unknown = "i-0123456789abcdef0"
        self.refused("InvalidInstanceID.NotFound", client("ec2").terminate_instances, InstanceIds=[*ids, unknown])
        self.refused("InvalidInstanceID.Malformed", client("ec2").terminate_instances, InstanceIds=[*ids, "i-xyz"])
        self.assertEqual(set(states().values()), {"running"})

    def test_protection_spares_its_zone_only(self) -> None:
        ids = seed_group(count=4, zones=["us-east-1a", "us-east-1b"])
        zones = {one["id"]: one["zone"] for one in control("GET", "instances")["instances"]}
        guarded = next(one for one in ids if zones[one] == "us-east-1b")
        ec2 = client("ec2")
        ec2.modify_instance_attribute(InstanceId=guarded, DisableApiTermination={"Value": True})
        self.refused("OperationNotPermitted", ec2.terminate_instances, InstanceIds=ids)
        expected = {one: "running" if zones[one] == "us-east-1b" else "terminated" for one in ids}
        self.assertEqual(states(), expected)
        control("POST", "member", {"instance": guarded, "termination_protected": False})
        ec2.terminate_instances(InstanceIds=ids)  # those already ended are no error
        self.assertEqual(set(states().values()), {"terminated"})

    def test_dry_run_ends_nothing(self) -> None:
        ids = seed_group()
        self.refused("DryRunOperation", client("ec2").terminate_instances, InstanceIds=ids, DryRun=True)
        self.assertEqual(set(states().values()), {"running"})

    def test_the_gap_is_seen_and_then_healed(self) -> None:
        looks = {"terminating": ["Terminating", "InService"], "in-service": ["InService"] * 2, "gone": ["InService"]}
        for gap, lifecycles in looks.items():
            with self.subTest(gap=gap):
                control("POST", "reset")
                control("POST", "settings", {"gap": gap})
                first, second = seed_group(count=2, tags={"simian:chaos": "on"}, propagate=True)
                reply = client("ec2").terminate_instances(InstanceIds=[first])["TerminatingInstances"][0]
                self.assertEqual(reply["PreviousState"]["Name"], "running")
                self.assertEqual(reply["CurrentState"]["Name"], "shutting-down")
                self.assertEqual([one["lifecycle"] for one in group()["members"]], lifecycles)
                self.assertEqual(states(), {first: "terminated", second: "running"})
                (launched,) = control("POST", "heal", {"region": "us-east-1"})["healed"][0]["launched"]
                self.assertEqual({one["id"] for one in group()["members"]}, {second, launched})
                self.assertEqual(states()[first], "terminated")
                self.assertEqual(control("POST", "heal", {})["healed"], [])
                described = client("ec2").describe_instances(InstanceIds=[launched])["Reservations"][0]["Instances"][0]
                tags = {one["Key"]: one["Value"] for one in described["Tags"]}
                self.assertEqual((tags["aws:autoscaling:groupName"], tags["simian:chaos"]), ("shop", "on"))

    def test_immediate_healing(self) -> None:
        control("POST", "settings", {"healing": "immediate"})
        first, second = seed_group(count=2)
        client("ec2").terminate_instances(InstanceIds=[first])
        members = [(one["id"] in (first, second), one["state"]) for one in group()["members"]]
        self.assertEqual(members, [(True, "running"), (False, "running")])

    def test_suspended_launch_keeps_the_gap(self) -> None:
        first, _ = seed_group(count=2, suspended=["Launch"])
        client("ec2").terminate_instances(InstanceIds=[first])
        healed = control("POST", "heal", {})["healed"]
        self.assertEqual(healed, [{"group": "shop", "removed": [first], "launched": []}])


class Topics(Case):
    def test_filter_policies_choose_by_string_attributes(self) -> None:
        sns, sqs = client("sns"), client("sqs")
        topic = sns.create_topic(Name="simian")["TopicArn"]

        def subscriber(name: str, policy: dict | None) -> str:
            url = sqs.create_queue(QueueName=name)["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            attributes = {"RawMessageDelivery": "true"} | ({"FilterPolicy": json.dumps(policy)} if policy else {})
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
            return url

        queues = {
            "all": subscriber("all", None),
            "shop": subscriber("shop", {"app": ["shop"]}),
            "done": subscriber("done", {"kind": [{"prefix": "action."}], "outcome": ["done"]}),
        }
        for number, attributes in enumerate(
            (
                {"app": "shop", "kind": "action.done", "outcome": "done"},
                {"app": "shop", "kind": "action.planned"},
                {"app": "search", "kind": "action.done", "outcome": "done"},
            )
        ):
            typed = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
            sns.publish(TopicArn=topic, Message=str(number), MessageAttributes=typed)
        got = {}
        for name, url in queues.items():
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            got[name] = sorted(one["Body"] for one in messages)
        self.assertEqual(got, {"all": ["0", "1", "2"], "shop": ["0", "1"], "done": ["0", "2"]})
        self.refused("NotFound", sns.publish, TopicArn=topic + "-gone", Message="x")
        self.nothing_unimplemented()


class InstanceMetadata(Case):
    def ask(self, method: str, path: str, **headers: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{PORT}/latest/{path}"
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, method=method, headers=names)
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""

    def test_off_on_and_token(self) -> None:
        ttl = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
        self.assertEqual(self.ask("PUT", "api/token", **ttl)[0], 404)
        about = {"instance_id": "i-00000000000000abc", "region": "eu-west-1", "zone": "eu-west-1b"}
        control("POST", "imds", {"enabled": True, "account": "111122223333", **about})
        self.assertEqual(self.ask("PUT", "api/token")[0], 400)
        self.assertEqual(self.ask("GET", "meta-data/instance-id")[0], 401)
        token = {"X_aws_ec2_metadata_token": self.ask("PUT", "api/token", **ttl)[1]}
        self.assertEqual(self.ask("GET", "meta-data/instance-id", **token), (200, about["instance_id"]))
        document = json.loads(self.ask("GET", "dynamic/instance-identity/document", **token)[1])
        self.assertEqual(document["accountId"], "111122223333")
        self.assertEqual(document["availabilityZone"], "eu-west-1b")
        self.assertEqual(self.ask("GET", "meta-data/nothing", **token)[0], 404)
        control("POST", "imds", {"enabled": False})
        self.assertEqual(self.ask("GET", "meta-data/instance-id", **token)[0], 404)


class Resources(Case):
    """Pages of what an account holds, and what AWS refuses."""

    def seed(self, **order: int) -> dict[str, list[str]]:
        return control("POST", "resources", order)

    def test_lists_are_cut_into_pages(self) -> None:
        seeded = self.seed(volumes=12, interfaces=12, templates=3, versions=4, target_groups=3, parameters=60)
        ec2 = client("ec2")
        for call, key, size in (
            (ec2.describe_volumes, "Volumes", 5),
            (ec2.describe_network_interfaces, "NetworkInterfaces", 5),
            (ec2.describe_launch_templates, "LaunchTemplates", 2),
            (lambda **more: ec2.describe_launch_template_versions(LaunchTemplateId=seeded["templates"][0], **more),
             "LaunchTemplateVersions", 3),
        ):
            whole = len(call()[key])
            sizes, token = [], {}
            while token is not None:
                page = call(MaxResults=size, **token)
                sizes.append(len(page[key]))
                token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
            self.assertEqual((sum(sizes), len(sizes)), (whole, -(-whole // size)), key)
            self.refused("InvalidNextToken", call, MaxResults=size, NextToken="made-up")
        self.refused("InvalidParameterValue", ec2.describe_volumes, MaxResults=1001)
        self.refused("InvalidParameterValue", ec2.describe_route_tables, MaxResults=101)
        self.refused(
            "InvalidParameterCombination", ec2.describe_volumes, VolumeIds=seeded["volumes"][:1], MaxResults=5
        )
        elb = client("elbv2")
        first = elb.describe_target_groups(PageSize=2)
        rest = elb.describe_target_groups(PageSize=2, Marker=first["NextMarker"])
        self.assertEqual((len(first["TargetGroups"]), len(rest["TargetGroups"])), (2, 1))
        first = client("ssm").describe_parameters(MaxResults=50)
        rest = client("ssm").describe_parameters(MaxResults=50, NextToken=first["NextToken"])
        self.assertEqual((len(first["Parameters"]), len(rest["Parameters"]), "NextToken" in rest), (50, 10, False))
        self.nothing_unimplemented()

    def test_whose_snapshots_and_images(self) -> None:
        seeded = self.seed(snapshots=2, images=1)
        ec2 = client("ec2")
        everybody = {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}
        self.assertEqual(ec2.describe_snapshots(**everybody)["Snapshots"], [])
        ec2.modify_snapshot_attribute(
            SnapshotId=seeded["snapshots"][0],
            Attribute="createVolumePermission",
            OperationType="add",
            GroupNames=["all"],
        )
        public = ec2.describe_snapshots(**everybody)["Snapshots"]
        self.assertEqual([one["SnapshotId"] for one in public], seeded["snapshots"][:1])
        self.assertEqual(client("ec2", key=OTHER_KEY).describe_snapshots(OwnerIds=["self"])["Snapshots"], [])
        ec2.disable_image(ImageId=seeded["images"][0])
        self.assertEqual(ec2.describe_images(Owners=["self"])["Images"], [])
        shown = ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
        self.assertEqual([image["State"] for image in shown], ["disabled"])
        self.refused(
            "InvalidAMIID.NotFound",
            ec2.describe_image_attribute,
            ImageId="ami-0123456789abcdef0",
            Attribute="launchPermission",
        )

    def test_what_is_used_is_not_deleted(self) -> None:
        seeded = self.seed(security_groups=2, interfaces=1, configurations=1)
        member = seed_group("shop", 1)[0]
        ec2, scaling = client("ec2"), client("autoscaling")
        used, user = seeded["security_groups"]
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": used}]}
        ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=[rule])
        self.refused("DependencyViolation", ec2.delete_security_group, GroupId=used)
        ec2.delete_security_group(GroupId=user)
        ec2.delete_security_group(GroupId=used)
        self.refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=used)
        of_member = ec2.describe_instances(InstanceIds=[member])["Reservations"][0]["Instances"][0]
        eni = of_member["NetworkInterfaces"][0]["NetworkInterfaceId"]
        default = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
        self.refused("CannotDelete", ec2.delete_security_group, GroupId=default)
        self.refused("InvalidParameterValue", ec2.delete_network_interface, NetworkInterfaceId=eni)
        ec2.delete_network_interface(NetworkInterfaceId=seeded["interfaces"][0])
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.associate_address(AllocationId=address, InstanceId=member)
        self.refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
        self.refused("NatGatewayNotFound", ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")
        self.refused("InvalidLaunchTemplateId.NotFound", ec2.delete_launch_template, LaunchTemplateId="lt-1")
        self.refused("ResourceInUse", scaling.delete_auto_scaling_group, AutoScalingGroupName="shop")
        self.assertEqual(states()[member], "running")
        name = seeded["configurations"][0]
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="old", LaunchConfigurationName=name, MinSize=0, MaxSize=0, AvailabilityZones=["us-east-1a"]
        )
        self.refused("ResourceInUse", scaling.delete_launch_configuration, LaunchConfigurationName=name)
        scaling.delete_auto_scaling_group(AutoScalingGroupName="old")
        scaling.delete_launch_configuration(LaunchConfigurationName=name)
        self.refused("ValidationError", scaling.delete_launch_configuration, LaunchConfigurationName=name)
        self.nothing_unimplemented()

    def test_key_pairs_by_id(self) -> None:
        ec2 = client("ec2")
        key = ec2.create_key_pair(KeyName="ops")["KeyPairId"]
        self.assertTrue(ec2.delete_key_pair(KeyPairId=key)["Return"])
        self.assertEqual(ec2.describe_key_pairs()["KeyPairs"], [])
        self.assertTrue(ec2.delete_key_pair(KeyPairId=key)["Return"])

    def test_versions_keep_their_numbers(self) -> None:
        template = self.seed(templates=1, versions=3)["templates"][0]
        ec2 = client("ec2")

        def delete(*versions: str) -> tuple[list[int], list[str]]:
            answer = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=versions)
            done = [one["VersionNumber"] for one in answer["SuccessfullyDeletedLaunchTemplateVersions"]]
            left = [one["ResponseError"]["Code"] for one in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]]
            return done, left

        self.assertEqual(delete("1", "2", "7"), ([2], ["unexpectedError", "launchTemplateVersionDoesNotExist"]))
        described = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
        self.assertEqual([one["VersionNumber"] for one in described], [1, 3])
        made = ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"ImageId": "ami-1"})
        self.assertEqual(made["LaunchTemplateVersion"]["VersionNumber"], 4)
        ec2.create_tags(Resources=[template], Tags=[{"Key": "owner", "Value": "ann"}])
        tags = ec2.describe_launch_templates()["LaunchTemplates"][0]["Tags"]
        self.assertEqual(tags, [{"Key": "owner", "Value": "ann"}])

    def test_tags_of_what_is_gone(self) -> None:
        arn = self.seed(balancers=1)["balancers"][0]
        elb, logs = client("elbv2"), client("logs")
        self.assertEqual(len(elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]), 1)
        self.refused("LoadBalancerNotFound", elb.describe_tags, ResourceArns=[arn, arn[:-1] + "z"])
        unknown = "arn:aws:logs:us-east-1:123456789012:log-group:/unknown"
        self.refused("ResourceNotFoundException", logs.list_tags_for_resource, resourceArn=unknown)
        self.refused("ResourceNotFoundException", logs.tag_resource, resourceArn=unknown, tags={"a": "b"})

    def test_managed_nodes(self) -> None:
        control("POST", "nodes", {"nodes": {f"i-{number}": "Online" for number in range(7)}})
        ssm = client("ssm")
        first = ssm.describe_instance_information(MaxResults=5)
        rest = ssm.describe_instance_information(MaxResults=5, NextToken=first["NextToken"])
        self.assertEqual([len(page["InstanceInformationList"]) for page in (first, rest)], [5, 2])
        self.refused("ValidationException", ssm.describe_instance_information, MaxResults=51)
        control("POST", "reset")
        self.assertEqual(ssm.describe_instance_information()["InstanceInformationList"], [])

    def test_orders_that_make_no_sense(self) -> None:
        for path, body in (
            ("resources", {"nonsense": 1}),
            ("resources", {"volumes": -1}),
            ("nodes", {"nodes": []}),
            ("nodes", {"nodes": {"i-1": "Asleep"}}),
            ("nodes", {"nodes": {"i-1": {"colour": "red"}}}),
            ("commands/take", {}),
            ("commands/answer", {"instance": "i-1", "command": "c", "status": "Success"}),
            ("commands/answer", {"instance": "i-1", "command": "c", "status": "Odd"}),
            ("commands/answer", {"instance": "i-1", "command": "c"}),
        ):
            self.assertEqual(raw_control("POST", path, body)[0], 400, (path, body))


class Commands(Case):
    """Run Command, with the test as the agent."""

    def setUp(self) -> None:
        super().setUp()
        self.ssm = client("ssm")
        self.ids = [f"i-{number:017x}" for number in range(3)]
        control("POST", "nodes", {"nodes": {self.ids[0]: "Online", self.ids[1]: {"platform": "Windows"}}})

    def send(self, instance: str, **more: object) -> str:
        order = {"commands": ["echo one", "echo two"]}
        asked = {"DocumentName": "AWS-RunShellScript", "InstanceIds": [instance], "Parameters": order} | more
        return self.ssm.send_command(**asked)["Command"]["CommandId"]

    def status(self, command: str, instance: str) -> tuple[str, str, str]:
        shown = self.ssm.get_command_invocation(CommandId=command, InstanceId=instance)
        return shown["Status"], shown["StatusDetails"], shown["StandardOutputContent"]

    def take(self, instance: str) -> dict | None:
        return control("POST", "commands/take", {"instance": instance})["command"]

    def test_nodes_by_id(self) -> None:
        by_id = [{"Key": "InstanceIds", "Values": self.ids[1:2]}]
        shown = self.ssm.describe_instance_information(Filters=by_id)["InstanceInformationList"]
        self.assertEqual([(one["InstanceId"], one["PlatformType"]) for one in shown], [(self.ids[1], "Windows")])
        by_id[0]["Values"] = self.ids
        self.refused("InvalidInstanceId", self.ssm.describe_instance_information, Filters=by_id)

    def test_taken_once_and_answered(self) -> None:
        first, second = self.send(self.ids[0], Comment="first"), self.send(self.ids[0])
        self.assertEqual(self.status(first, self.ids[0]), ("Pending", "Pending", ""))
        self.assertIsNone(self.take(self.ids[1]))
        work = self.take(self.ids[0])
        self.assertEqual(work, {"id": first, "comment": "first", "script": "echo one\necho two\n"})
        self.assertEqual(self.status(first, self.ids[0]), ("InProgress", "InProgress", ""))
        self.assertEqual(self.take(self.ids[0])["id"], second)
        self.assertIsNone(self.take(self.ids[0]))
        said = {"instance": self.ids[0], "command": first, "status": "Success", "stdout": "x" * 24_001}
        self.assertEqual(control("POST", "commands/answer", said), {"status": "Success", "details": "Success"})
        self.assertEqual(self.status(first, self.ids[0]), ("Success", "Success", "x" * 24_000))
        control("POST", "commands/answer", said | {"status": "Failed"})
        self.assertEqual(self.status(first, self.ids[0])[0], "Success", "the first answer counts")
        self.refused(
            "InvocationDoesNotExist", self.ssm.get_command_invocation, CommandId=first, InstanceId=self.ids[1]
        )

    def test_times_run_out(self) -> None:
        control("POST", "clock", {"now": "2026-11-23T18:00:00Z"})
        times = {"commands": ["true"], "executionTimeout": ["60"]}
        waits = self.send(self.ids[0], TimeoutSeconds=30)
        control("POST", "clock", {"now": "2026-11-23T18:00:30Z"})
        self.assertEqual(self.status(waits, self.ids[0])[:2], ("TimedOut", "DeliveryTimedOut"))
        self.assertIsNone(self.take(self.ids[0]))
        runs = self.send(self.ids[0], Parameters=times)
        self.take(self.ids[0])
        control("POST", "clock", {"now": "2026-11-23T18:01:30Z"})
        self.assertEqual(self.status(runs, self.ids[0])[:2], ("TimedOut", "ExecutionTimedOut"))
        late = {"instance": self.ids[0], "command": runs, "status": "Success"}
        self.assertEqual(control("POST", "commands/answer", late)["details"], "ExecutionTimedOut")

    def test_lists(self) -> None:
        control("POST", "clock", {"now": "2026-11-23T18:00:00Z"})
        sent = [self.send(self.ids[0]) for _ in range(3)]
        self.send(self.ids[1])
        found = self.ssm.list_commands(InstanceId=self.ids[0], MaxResults=2)
        rest = self.ssm.list_commands(InstanceId=self.ids[0], MaxResults=2, NextToken=found["NextToken"])
        listed = [one["CommandId"] for page in (found, rest) for one in page["Commands"]]
        self.assertEqual(listed, sent[::-1])
        after = [{"key": "InvokedAfter", "value": "2026-11-23T18:00:01Z"}]
        self.assertEqual(self.ssm.list_commands(Filters=after)["Commands"], [])
        self.assertEqual(client("ssm", "eu-west-1").list_commands()["Commands"], [], "each region has its own")

    def test_refusals(self) -> None:
        for code, asked in (
            ("InvalidInstanceId", {"InstanceIds": self.ids}),
            ("InvalidDocument", {"DocumentName": "AWS-RunPatchBaseline"}),
            ("InvalidParameters", {"Parameters": {"colour": ["red"], "commands": ["true"]}}),
            ("InvalidParameters", {"Parameters": {}}),
            ("MaxDocumentSizeExceeded", {"Parameters": {"commands": ["#" * (64 << 10)]}}),
        ):
            with self.assertRaises(ClientError, msg=code) as caught:
                self.send(self.ids[0], **asked)
            self.assertEqual(caught.exception.response["Error"]["Code"], code)


class Changes(Case):
    """What faults change, and AWS's refusals."""

    def test_members_come_and_go_within_the_sizes(self) -> None:
        seeded = control("POST", "seed", {"groups": [{"name": "shop", "count": 2, "min": 1}]})
        first, second = seeded["members"]["shop"]
        scaling = client("autoscaling")
        member = {"AutoScalingGroupName": "shop", "InstanceIds": [first]}
        less = {"ShouldDecrementDesiredCapacity": True}

        def shop() -> tuple:
            group = control("GET", "groups")["groups"][0]
            return group["desired"], {one["id"]: one["lifecycle"] for one in group["members"]}

        both = 2, {first: "InService", second: "InService"}
        for go, come, without in (
            (scaling.enter_standby, scaling.exit_standby, {first: "Standby", second: "InService"}),
            (scaling.detach_instances, scaling.attach_instances, {second: "InService"}),
        ):
            self.refused("ValidationError", come, **member)
            go(**member, **less)
            self.assertEqual(shop(), (1, without))
            self.refused("ValidationError", go, **member, **less)
            self.refused("ValidationError", go, **member | {"InstanceIds": [second]}, **less)
            come(**member)
            self.assertEqual(shop(), both)
        unknown = member | {"AutoScalingGroupName": "unknown"}
        self.refused("ValidationError", scaling.exit_standby, **unknown)
        processes = {"AutoScalingGroupName": "unknown", "ScalingProcesses": ["Launch"]}
        self.refused("ValidationError", scaling.suspend_processes, **processes)
        self.refused("ValidationError", scaling.resume_processes, **processes)

    def test_volumes_and_instances(self) -> None:
        first, second = control("POST", "seed", {"loose": 2})["loose"]
        volume = control("POST", "resources", {"volumes": 1})["volumes"][0]
        ec2 = client("ec2")
        attach = {"VolumeId": volume, "InstanceId": first, "Device": "/dev/sdf"}
        ec2.attach_volume(**attach)
        self.refused("VolumeInUse", ec2.attach_volume, **attach)
        ec2.detach_volume(**attach)
        ec2.terminate_instances(InstanceIds=[first])
        self.refused("IncorrectState", ec2.attach_volume, **attach)
        self.refused("IncorrectInstanceState", ec2.stop_instances, InstanceIds=[first])
        self.refused("IncorrectInstanceState", ec2.start_instances, InstanceIds=[first, second])

    def test_groups_of_an_interface(self) -> None:
        instance = control("POST", "seed", {"loose": 1})["loose"][0]
        ec2 = client("ec2")

        def interface() -> dict:
            shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
            return shown["NetworkInterfaces"][0]

        made = control("POST", "resources", {"security_groups": 1})["security_groups"]
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface()["NetworkInterfaceId"], Groups=made)
        self.assertEqual([group["GroupId"] for group in interface()["Groups"]], made)
        unknown = {"GroupName": "a", "Description": "b", "VpcId": "vpc-0123456789abcdef0"}
        self.refused("InvalidVpcID.NotFound", ec2.create_security_group, **unknown)

    def test_deregistered_twice(self) -> None:
        seeded = control("POST", "seed", {"groups": [{"name": "shop", "count": 1, "balanced": True}]})
        arn, elb = seeded["target_groups"]["shop"], client("elbv2")
        target = {"Id": seeded["members"]["shop"][0], "Port": 80}

        def ports() -> list:
            shown = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            return [one["Target"]["Port"] for one in shown]

        elb.deregister_targets(TargetGroupArn=arn, Targets=[target | {"Port": 81}])
        self.assertEqual(ports(), [80], "on that port it is not registered")
        for _ in range(2):
            elb.deregister_targets(TargetGroupArn=arn, Targets=[target])
            self.assertEqual(ports(), [])


if __name__ == "__main__":
    unittest.main()
