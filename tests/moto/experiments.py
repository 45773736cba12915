"""What AWS FIS does to instances: moto keeps records of experiments, and nothing comes of them.

`launcher.py` installs this. An experiment takes a step each time that somebody asks after it: pending, initiating,
running, completed; when it runs, it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.fis.models import Experiment, FISBackend
from moto.moto_api import state_manager

# What is done here, by its targets' name and type.
ACTIONS = {
    "aws:ec2:reboot-instances": ("Instances", "aws:ec2:instance"),
    "aws:ec2:send-spot-instance-interruptions": ("SpotInstances", "aws:ec2:spot-instance"),
    "aws:ec2:terminate-instances": ("Instances", "aws:ec2:instance"),
}
MOST = 5


class Invalid(JsonRESTError):
    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def check(actions: dict[str, Any], targets: dict[str, Any], stop_conditions: list[dict[str, Any]]) -> None:
    """AWS's rules for what simian sends. Anything else is refused, so that a test fails loudly."""
    if not 1 <= len(stop_conditions) <= MOST:
        raise Invalid(f"{len(stop_conditions)} stop conditions")
    for condition in stop_conditions:
        arn = condition.get("value", "")
        if condition["source"] != "none" and not arn.startswith("arn:aws:cloudwatch:"):
            raise Invalid(f"no alarm: {condition}")
    for name, action in actions.items():
        if action["actionId"] not in ACTIONS:
            raise Invalid(f"no such action here: {action['actionId']}")
        role, kind = ACTIONS[action["actionId"]]
        if set(action["targets"]) != {role}:
            raise Invalid(f"the targets of {name} are {role}")
        target = targets[action["targets"][role]]
        if target["resourceType"] != kind or not 1 <= len(target.get("resourceArns", [])) <= MOST:
            raise Invalid(f"the targets of {name} are 1 to {MOST} of {kind}")
        notice = (action.get("parameters") or {}).get("durationBeforeInterruption")
        if (notice is None) is not (role == "Instances"):
            raise Invalid("durationBeforeInterruption")


def install(end: Callable[[str, str, list[Instance]], None]) -> None:
    create, get = FISBackend.create_experiment_template, FISBackend.get_experiment

    def create_template(self: FISBackend, **order: Any) -> dict[str, Any]:
        check(order["actions"], order["targets"] or {}, order["stop_conditions"])
        return create(self, **order)

    def perform(self: FISBackend, experiment: Experiment) -> None:
        backend = ec2_backends[self.account_id][self.region_name]
        for action in experiment.actions.values():
            role, kind = ACTIONS[action["actionId"]]
            arns = experiment.targets[action["targets"][role]]["resourceArns"]
            found = [backend.get_instance_by_id(arn.rsplit("/", 1)[-1]) for arn in arns]
            instances = [one for one in found if one is not None and one.state == "running"]
            if kind == "aws:ec2:spot-instance":
                instances = [one for one in instances if one.lifecycle == "spot"]
            if not instances:
                experiment.status = action["state"]["status"] = "failed"
                experiment.STATUS_REASONS = {**Experiment.STATUS_REASONS, "failed": "Target resolution returned empty set"}
            elif action["actionId"] == "aws:ec2:reboot-instances":
                backend.reboot_instances([one.id for one in instances])
            else:
                end(self.account_id, self.region_name, instances)

    def get_experiment(self: FISBackend, id: str) -> dict[str, Any]:
        answer = get(self, id)
        experiment = self.experiments[id]
        if "simian_done" in experiment.__dict__:
            return answer
        if answer["state"]["status"] == "running":
            experiment.__dict__["simian_done"] = True
            perform(self, experiment)
            return experiment.to_dict(tags=answer["tags"])
        if answer["state"]["status"] in ("stopping", "stopped"):
            for action in answer["actions"].values():
                action["state"]["status"] = "cancelled"
        return answer

    FISBackend.create_experiment_template = create_template
    FISBackend.get_experiment = get_experiment
    state_manager.set_transition("fis::experiment", {"progression": "manual", "times": 1})
